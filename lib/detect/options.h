// A named detector: which network looks at a frame, and what of its answers is reported.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace sampleproc::detect {

// Which library runs the network. kAuto: ONNX Runtime when it can be loaded, else OpenCV.
enum class RuntimeChoice { kAuto, kOnnxRuntime, kOpencv };

// In which frames a detector looks.
struct When {
  enum class Kind {
    kMotion,   // those in which the motion step, earlier in the pipeline, saw something, and those
               // that it could not judge (a photo, a camera that is still new)
    kAlways,   // every frame
    kAtLeast,  // as kMotion, and besides whenever `every` has passed since the camera's last look
    kUnknown,  // the configuration's text was none of these; its rules refuse it
  };
  Kind kind = Kind::kMotion;
  std::chrono::milliseconds every{0};

  bool operator==(const When&) const = default;
};

struct DetectorOptions {
  std::string name = "objects";  // the step's, and what its detections name as their detector

  // An ONNX file: a path when it has a '/' in it, else a name below the folder of models.
  std::string model = {};

  // The file's SHA-256 in hexadecimal; any other file is refused. Empty: whatever is there.
  std::string sha256 = {};

  // How the network wants its picture and says its answer, see KnownLayouts() in detect/layout.h;
  // "auto" decides by the shapes of its outputs.
  std::string layout = "auto";

  // The names of the classes in the order of the network's: "coco", "openimages", or the path of a
  // file with one a line; several entries are the names themselves.
  std::vector<std::string> labels = {"coco"};

  std::vector<std::string> classes = {};  // that are reported; empty: all
  double threshold = 0;                   // least confidence; 0: process.detection_threshold
  double nms = 0.45;                      // of two boxes of a class that overlap by a larger share
                                          // (intersection over union) the surer one stays
  When when = {};
  RuntimeChoice runtime = RuntimeChoice::kAuto;

  bool operator==(const DetectorOptions&) const = default;
};

// Where models and runtimes are; the same for all detectors.
struct Places {
  std::string model_dir = "/usr/share/sampleproc/models";

  // ONNX Runtime's library. Empty: libonnxruntime.so.1, then libonnxruntime.so, as the system's
  // loader finds them. It becomes part of the process: never taken from what a stranger can write.
  std::string onnxruntime = {};

  // The module with OpenCV's networks. Empty: looked for where the build and the installation put
  // it, see modules/module_loader.h.
  std::filesystem::path opencv_module = {};
};

}  // namespace sampleproc::detect
