#include "config/schema_rows.h"
#include "process/pipeline.h"

namespace sampleproc::config {

std::vector<std::string_view> StepNames() {
  const auto steps = process::KnownSteps();
  std::vector<std::string_view> names(steps.begin(), steps.end());
  names.emplace_back("objects");  // the detector that is always there
  return names;
}

namespace {

void AddCodecRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "codec.max_frame_bytes",
       .kind = Kind::kSize,
       .min = kKiB,
       .max = kGiB,
       .help = "Largest decoded picture, width times height times bytes a pixel. A larger one is "
               "refused from its header, before memory for it is taken."},
      [](auto& c) -> auto& { return c.codec.max_frame_bytes; }));
  rows.push_back(Bind(
      {.path = "codec.max_jpeg_scans",
       .kind = Kind::kInt,
       .min = 1,
       .max = 10'000,
       .unit = "scans",
       .help = "Most scans of a JPEG. Progressive camera pictures have about ten; each further "
               "one costs a pass over the whole picture, however small the file."},
      [](auto& c) -> auto& { return c.codec.max_jpeg_scans; }));
  rows.push_back(Bind(
      {.path = "codec.deadline",
       .kind = Kind::kDuration,
       .min = kMs,
       .max = 5 * kMinute,
       .help = "Most CPU time for decoding one frame. Raise it only for very large pictures on "
               "slow machines."},
      [](auto& c) -> auto& { return c.codec.deadline; }));
}

void AddWorkRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "process.pipeline",
       .kind = Kind::kStringList,
       .min = 1,
       .max = 16,
       .words = StepNames(),
       .other_words = true,
       .help =
           "What is done to each frame, in this order. \"stats\" measures brightness, contrast "
           "and sharpness and costs little; \"motion\" finds what moves in a camera's "
           "frames and costs little; \"people\" finds people, \"faces\" frontal faces, "
           "\"cascade\" what process.cascade.file was trained for, \"objects\" what the network "
           "of [detector.objects] knows, and each of these takes most of a frame's time. A "
           "further detector, [detector.NAME], is the step NAME. Where nothing is said, and "
           "yolox_nano.onnx is in process.model_dir, \"objects\" with that network stands in the "
           "place of \"people\"."},
      [](auto& c) -> auto& { return c.process.pipeline; }));
  rows.push_back(Bind(
      {.path = "process.detection_threshold",
       .kind = Kind::kReal,
       .original_names = {{"DETECTION_THRESHOLD"}, {"CONFIDENCE_THRESHOLD"}},
       .max = 1,
       .help = "Detections with a lower confidence are left out. Lower finds more and is wrong "
               "more often."},
      [](auto& c) -> auto& { return c.process.detection_threshold; }));
  rows.push_back(Bind({.path = "process.model_dir",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = 4096,
                       .help = "Folder of the models that detectors name without a '/'. "
                               "packaging/fetch-models.sh brings models and ONNX Runtime."},
                      [](auto& c) -> auto& { return c.process.models.model_dir; }));
  rows.push_back(
      Bind({.path = "process.onnxruntime",
            .kind = Kind::kString,
            .max = 4096,
            .help = "ONNX Runtime's library, which runs networks of detectors; loaded with the "
                    "first one. Empty: libonnxruntime.so.1, then libonnxruntime.so, as the "
                    "system's loader finds them. Its code runs as the service.",
            .file = true},
           [](auto& c) -> auto& { return c.process.models.onnxruntime; }));
  rows.push_back(
      Bind({.path = "process.workers",
            .kind = Kind::kInt,
            .original_names = {{"CPU_CORES"}},
            .max = 512,
            .unit = "threads",
            .zero_word = "auto",
            .help = "Frames that are worked on at the same time. \"auto\" is one for each CPU the "
                    "process may use; more only adds memory and waiting."},
           [](auto& c) -> auto& { return c.process.workers; }));
  rows.push_back(Bind(
      {.path = "process.queue_depth",
       .kind = Kind::kInt,
       .min = 1,
       .max = 100'000,
       .unit = "frames",
       .help = "Frames that may wait for a worker; the next one is refused with 503. Longer means "
               "more waiting under overload, never more frames a second."},
      [](auto& c) -> auto& { return c.process.queue_depth; }));
  rows.push_back(Bind(
      {.path = "process.deadline",
       .kind = Kind::kDuration,
       .max = 10 * kMinute,
       .help = "Longest time one frame may be in work, decoding included; 0 is no limit. "
               "process-file has no limit unless this is set, so that its output does not depend "
               "on how busy the machine is."},
      [](auto& c) -> auto& { return c.process.deadline; }));
  rows.push_back(
      Bind({.path = "process.budget_patience",
            .kind = Kind::kDuration,
            .max = kMinute,
            .help = "Longest time a frame waits for room in the memory budget before it is refused "
                    "with 503. A worker is idle meanwhile. 0 refuses at once. process-file waits a "
                    "minute unless this is set."},
           [](auto& c) -> auto& { return c.process.budget_patience; }));
  rows.push_back(Bind(
      {.path = "process.batch_size",
       .kind = Kind::kInt,
       .original_names = {{"BATCH_SIZE"}},
       .min = 1,
       .max = 1000,
       .unit = "frames",
       .help =
           "Pulled frames that wait at the workers while all of them are busy, so that the next "
           "one is there when a worker is free. An idle worker gets a frame at once, whatever "
           "this is."},
      [](auto& c) -> auto& { return c.process.batch_size; }));
  rows.push_back(Bind(
      {.path = "process.working_pixels",
       .kind = Kind::kInt,
       .min = 100'000,
       .max = 1'000'000'000,
       .unit = "pixels",
       .help = "The steps faces, people and cascade look at a larger picture as if it were made "
               "smaller to so many pixels. This bounds what they cost; the smallest thing that "
               "they find grows with the picture: at 20 megapixels it is three times as wide as "
               "at 1920x1080. Boxes are in pixels of the picture as sent."},
      [](auto& c) -> auto& { return c.process.working_pixels; }));
  rows.push_back(
      Bind({.path = "process.heavy_pixels",
            .kind = Kind::kInt,
            .min = 1,
            .max = 1'000'000'000,
            .unit = "pixels",
            .help = "Frames with more pixels are worked on one at a time, whatever the number of "
                    "workers; smaller frames go on beside them. Higher takes more memory at once."},
           [](auto& c) -> auto& { return c.process.heavy_pixels; }));
  rows.push_back(
      Bind({.path = "process.heavy_patience",
            .kind = Kind::kDuration,
            .max = kMinute,
            .help = "Longest time a frame over process.heavy_pixels waits for others before it is "
                    "refused with 503: at once when those that wait already, eight at most, take "
                    "longer. process-file waits as long as it takes unless this is set."},
           [](auto& c) -> auto& { return c.process.heavy_patience; }));
}

void AddStagingRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "process.delay",
       .kind = Kind::kDuration,
       .original_names = {{"PROCESSING_DELAY_MS", kMs}},
       .max = kMinute,
       .help = "Added to the time of each frame, to try slow processing in staging. 0 is off."},
      [](auto& c) -> auto& { return c.process.delay; }));
  rows.push_back(Bind({.path = "process.simulate_gpu",
                       .kind = Kind::kBool,
                       .original_names = {{"SIMULATE_GPU"}},
                       .help = "Adds simulated_gpu: true to each result and changes nothing else."},
                      [](auto& c) -> auto& { return c.process.simulate_gpu; }));
  rows.push_back(
      Bind({.path = "process.prefer_gpu",
            .kind = Kind::kBool,
            .original_names = {{"PREFER_GPU"}},
            .help = "Work on a GPU where there is one. No step of this version can use one: the "
                    "service says so once, in its health answers too, and works on the CPUs."},
           [](auto& c) -> auto& { return c.process.prefer_gpu; }));
}

}  // namespace

void AddFrameRows(std::vector<Key>& rows) {
  AddCodecRows(rows);
  AddWorkRows(rows);
  AddStagingRows(rows);
  AddStepRows(rows);
  rows.push_back(Bind(
      {.path = "resources.memory_limit",
       .kind = Kind::kSize,
       .original_names = {{"MEMORY_LIMIT_MB", kMiB}},
       .min = kMiB,
       .max = 1024 * kGiB,
       .zero_word = "auto",
       .help = "Memory that request bodies, decoded pictures and steps may take together; what "
               "does not fit waits, then is refused with 503. \"auto\" is three quarters of the "
               "control group's limit, or 1GiB where there is none."},
      [](auto& c) -> auto& { return c.resources.memory_limit; }));
}

}  // namespace sampleproc::config
