// What the program and its OpenCV module agree on. The module is built from the files beside this
// one and holds all that touches OpenCV, which drags in X11 and OpenGL; it is loaded when the
// pipeline has a step that needs it. Only plain data and functions that do not throw cross this
// line, and each side frees what it made. OpenCV's own threads are off.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampleproc::process::opencv {

// Raised with every change of this file.
inline constexpr std::uint32_t kModuleVersion = 5;
inline constexpr char kModuleFile[] = "sampleproc_opencv.so";
inline constexpr char kModuleEntry[] = "sampleproc_opencv_module";

enum class Status {
  kOk,
  kStopped,  // `may_go_on` said no; the host knows why
  kInvalid,  // a file that is no cascade
  kTooMany,  // more windows agree than are grouped in bounded time; no picture of a scene has so
             // many
  kNoMemory,
  kInternal,
};

struct Picture {
  const std::uint8_t* data;  // rows start `stride` bytes apart
  std::size_t stride;
  int width;
  int height;
};

struct Found {
  int x;
  int y;
  int width;
  int height;
  double score;  // of people: the SVM's distance; of cascades: the windows that agree; of motion:
                 // the number of foreground pixels inside
};

// What the module asks of the program, within the call it was handed to. `self` is handed back.
struct Host {
  void* self;
  // Asked between pieces of work of a fraction of a second; `done` is the share of all work that
  // is behind, 0..1.
  bool (*may_go_on)(void* self, double done) noexcept;
  bool (*take)(void* self, const Found* found) noexcept;  // once for each; false: no memory
};

struct PeopleParameters {
  double scale;         // between two levels of the pyramid
  int stride;           // of the window, pixels, both ways
  int padding;          // likewise
  int group_threshold;  // windows that must agree, less one
  int piece_pixels;     // of a level that are looked at between two questions to the host

  // The picture is made smaller by this, by area, before it is looked at; at least 1.
  double shrink = 1.0;

  // The person in the middle of a window, as shares of it. The window of 64x128 pixels was trained
  // with a margin around people (Dalal and Triggs, CVPR 2005), and they are 0.41 to 0.5 as wide and
  // 0.62 to 0.66 as high as it is (vtest.avi, Penn-Fudan).
  double person_width = 0.5;
  double person_height = 0.65;
};

struct CascadeParameters {
  double scale;
  int min_neighbours;
  int min_size;       // pixels, both ways
  int piece_windows;  // that are looked at between two questions to the host

  // Sizes for which the picture would have to be larger than this are not looked for.
  double working_pixels = 1e12;
};

struct MotionParameters {
  int warm_up;           // frames that only teach the model
  int min_area;          // foreground pixels of the smallest region
  double global_change;  // share of what is looked at above which all of it has changed

  // A byte for each pixel of the model, row by row: where it is not 0 nothing is foreground. Null:
  // all of the picture is looked at.
  const std::uint8_t* ignored = nullptr;
};

// What a frame was to the background model.
enum class MotionKind { kWatched, kWarmingUp, kSceneChanged };

struct People;      // the module's own
struct Cascade;     // likewise
struct Background;  // likewise, one a camera

// An object is used by one thread at a time.
struct Module {
  std::uint32_t version;  // kModuleVersion the module was built with

  // HOG and OpenCV's default people detector (64x128 windows) on blue, green, red: what
  // HOGDescriptor::detectMultiScale finds, in its order, whatever the pieces; in pixels of `bgr`.
  Status (*make_people)(People** people) noexcept;
  Status (*find_people)(People* people, const Picture* bgr, const PeopleParameters* parameters,
                        const Host* host) noexcept;
  void (*free_people)(People* people) noexcept;

  // What CascadeClassifier::detectMultiScale finds, on luma, each with its neighbours. Where a size
  // takes more than a piece, the picture is looked at in strips for it, and as OpenCV would then
  // scale each strip by itself, a box may be a pixel off.
  Status (*load_cascade)(const char* path, Cascade** cascade) noexcept;
  Status (*find_cascade)(Cascade* cascade, const Picture* luma, const CascadeParameters* parameters,
                         const Host* host) noexcept;
  void (*free_cascade)(Cascade* cascade) noexcept;

  // MOG2 on luma, resized by area to `width` x `height`. Found are regions in the model's pixels,
  // and none unless the kind is kWatched.
  Status (*make_background)(int width, int height, Background** background) noexcept;
  Status (*watch)(Background* background, const Picture* luma, const MotionParameters* parameters,
                  const Host* host, MotionKind* kind) noexcept;
  void (*free_background)(Background* background) noexcept;
};

// The type of the function kModuleEntry; the result lives as long as the module is loaded.
using ModuleEntry = const Module* (*)();

}  // namespace sampleproc::process::opencv
