// The constructors of all steps. A new step is one file beside this one, one line here, and one
// row in the table of process/pipeline.cc.
#pragma once

#include <memory>

#include "process/detectors.h"
#include "process/options.h"
#include "process/step.h"

namespace sampleproc::process {

// Luma mean, spread, histogram, exposure and sharpness (frame::LumaStats).
base::Result<std::unique_ptr<Step>> MakeStatsStep(const Options& options);

// Frontal faces by dlib's HOG detector, upright and from 40 pixels wide (from 80 when
// FacesOptions::min_size is 80 or more: a quarter of the work). Boxes are dlib's, clipped to the
// frame; confidence = ScoreToConfidence(dlib's score, k = 2, s0 = 0), so dlib's own threshold is
// 0.5 and nothing below it is reported. The detector is loaded on first use (about 5 ms). Fails
// with kInvalidFrame when the frame needs more than the whole memory budget (about 49 bytes a
// pixel, 13 when it is not doubled), kOverloaded, kDeadline or kCancelled.
base::Result<std::unique_ptr<Step>> MakeFacesStep(const Options& options);

// The steps below need the OpenCV module: making them fails with kUnavailable when it is missing.

// Moving regions of a camera's picture by OpenCV's MOG2 on luma of 320 pixels width. Frames without
// a camera are skipped as "no_camera", a camera's first 15 as "warming_up", a change of more than
// 60 % of the picture (light, a moved camera) as "scene_changed", after which it warms up again; a
// camera without room for its background as "max_cameras" or "no_memory". Class "motion", detector
// "mog2"; a region of fewer than 64 model pixels is noise; confidence = area / (area + 64), so the
// smallest region has 0.5. Timestamps are not looked at: the order of arrival counts. A picture of
// another size begins a new background.
base::Result<std::unique_ptr<Step>> MakeMotionStep(const Options& options);

// People by OpenCV's HOG detector on colour, boxes as HOGDescriptor::detectMultiScale gives them
// with scale 1.05, stride 8x8, padding 8x8 and group threshold 2. Class "person", detector
// "opencv-hog"; confidence = ScoreToConfidence(OpenCV's weight, k = 2.5, s0 = 0.4). With
// PeopleOptions::When::kMotion a frame whose motion was watched is searched around the moving
// regions only (people_regions.h), and one without any is skipped as "no_motion"; one too small for
// the detector's window (64x128) is skipped as "too_small". The allowance is
// asked between the levels of the pyramid.
base::Result<std::unique_ptr<Step>> MakePeopleStep(const Options& options);

// Whatever the cascade of `options.cascade.file` was trained for, on luma; boxes as
// CascadeClassifier::detectMultiScale gives them. Detector "cascade", the configured class;
// confidence = ScoreToConfidence(the number of windows that agree, k = 0.15, s0 = 3). Fails with
// kConfig when the file is not given, cannot be read or is no cascade.
base::Result<std::unique_ptr<Step>> MakeCascadeStep(const Options& options);

// What the detector (not null) finds in colour, by the camera's threshold, its own, or the
// process's; detector is its name. Where When says so, a frame without motion is skipped as
// "no_motion", one whose camera has no place among those watched as "max_cameras" or "no_memory",
// and of a frame with motion is left out what touches no place where something moved in the
// camera's last 50 frames. Fails as detect::Detector::Find does, or as the memory budget does.
base::Result<std::unique_ptr<Step>> MakeDetectStep(const Options& options,
                                                   std::shared_ptr<detect::Detector> detector);

// Which of the detections of steps before it are one thing in a camera's frames (track/tracker.h),
// as their track_id, and what there is to tell of it (track/event_maker.h), as the result's events.
// Frames without a camera are skipped as "no_camera", those of a camera without a place as
// "max_cameras" or "no_memory". A frame that no detector looked at is one in which nothing moved.
base::Result<std::unique_ptr<Step>> MakeTrackStep(const Options& options);

}  // namespace sampleproc::process
