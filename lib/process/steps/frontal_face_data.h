// dlib's frontal face detector as bytes, made at build time by embed_frontal_face.cc.
#pragma once

#include <span>

namespace sampleproc::process {

// What dlib::serialize wrote of dlib::get_frontal_face_detector(). Lives as long as the program.
std::span<const unsigned char> FrontalFaceData();

}  // namespace sampleproc::process
