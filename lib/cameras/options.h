// What is configured for one camera. What is left at its default is as for every other camera.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "frame/polygon.h"

namespace sampleproc::cameras {

// See frame::Zone.
struct ZoneOptions {
  frame::Polygon polygon = {};            // empty: not given, which is an error
  std::vector<std::string> classes = {};  // empty: all
  std::chrono::milliseconds dwell{0};

  bool operator==(const ZoneOptions&) const = default;
};

// See frame::Line.
struct LineOptions {
  std::optional<frame::Point> from = {};  // each has to be given
  std::optional<frame::Point> to = {};
  std::vector<std::string> classes = {};  // empty: all

  bool operator==(const LineOptions&) const = default;
};

// How pictures come from an RTSP server: in the connection of the requests, or in datagrams, of
// which some may be lost.
enum class Transport { kTcp, kUdp };

// Which pictures of an RTSP server are decoded: a key frame needs no other picture.
enum class Decode { kAll, kKeyFrames };

struct Options {
  // Steps in order; empty: process.pipeline.
  std::vector<std::string> pipeline = {};

  // Least confidence of what is reported, whatever detector found it; 0: as the detector and
  // process.detection_threshold say.
  double threshold = 0;

  std::vector<std::string> classes = {};  // that are reported, motion included; empty: all

  // Nothing inside is motion or a detection.
  std::vector<frame::Polygon> mask = {};

  // Frames a second that are looked at, at most; the others get a result whose steps were skipped.
  // 0: every frame is looked at.
  double fps = 0;

  // Older pulled frames are dropped; 0: consumer.max_age.
  std::chrono::milliseconds max_age{0};

  // By their names.
  std::map<std::string, ZoneOptions, std::less<>> zones = {};
  std::map<std::string, LineOptions, std::less<>> lines = {};

  // Where the service itself takes the camera's pictures from: an rtsp or rtsps URL, an http or
  // https URL of a JPEG or of an MJPEG stream, or the path of a video, a picture or a folder of
  // pictures. Empty: nowhere, its frames come by the other doors.
  std::string url = {};
  std::string password_file = {};  // of the URL's user
  // PEM: whom to take for the camera over https or rtsps. Empty: over https who has a certificate
  // of an authority that this system trusts, over rtsps anybody.
  std::string ca_file = {};
  bool loop = false;                      // files begin again at their end
  Transport transport = Transport::kTcp;  // of rtsp
  Decode decode = Decode::kAll;           // likewise
  // A source that gives nothing for so long is away, and connected to again.
  std::chrono::milliseconds stall_after{10'000};

  bool operator==(const Options&) const = default;
};

// By the id that frames have as their camera_id.
using AllOptions = std::map<std::string, Options, std::less<>>;

}  // namespace sampleproc::cameras
