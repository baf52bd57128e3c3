#include "loadtest/frame_requests.h"

#include <algorithm>
#include <random>

#include "loadtest/answer_check.h"
#include "loadtest/fixed_requests.h"
#include "loadtest/hostile.h"

namespace sampleproc::loadtest {
namespace {

// Answers are some kilobytes; statistics and boxes of a crowd are below this.
constexpr std::size_t kKeptBytes = 4 * 1024 * 1024;
constexpr std::string_view kBoundary = "sampleproc-loadtest-7b1c";

std::string_view PathSeparator(std::string_view path) {
  return path.find('?') == std::string_view::npos ? "?" : "&";
}

class FrameRequests : public RequestMaker {
 public:
  FrameRequests(const FrameLoad& load, std::size_t thread)
      : load_(load),
        fields_(FixedFields(load.head)),
        prefix_("loadtest-" + std::to_string(load.seed) + "-" + std::to_string(thread) + "-"),
        random_(load.seed + thread),
        check_(load.frames, load.golden, load.cameras > 0) {
    std::vector<double> weights;
    for (const StoredFrame& frame : load.frames) weights.push_back(frame.weight);
    pick_ = std::discrete_distribution<std::size_t>(weights.begin(), weights.end());
    if (load.hostile > 0) {
      hostile_frames_ = HostileFrames(load.frames.front());
      if (load.form == FrameForm::kJson) hostile_json_ = HostileJson();
    }
    multipart_tail_ = "\r\n--" + std::string(kBoundary) + "--\r\n";
  }

  void Make(const Arrival& arrival, Request& request) override {
    request.frame_id = prefix_ + std::to_string(++count_);
    request.camera_id.clear();
    if (load_.cameras > 0) {
      request.camera_id = "loadtest-camera-" + std::to_string(arrival.camera % load_.cameras);
    }
    request.is_hostile = load_.hostile > 0 && share_(random_) < load_.hostile;
    request.frame = pick_(random_);
    if (!request.is_hostile) {
      Write(load_.frames[request.frame], request);
      return;
    }
    const std::size_t kind = random_() % (hostile_frames_.size() + hostile_json_.size());
    if (kind < hostile_frames_.size()) {
      Write(hostile_frames_[kind], request);
    } else {
      const std::string& body = hostile_json_[kind - hostile_frames_.size()];
      Begin(load_.head.path, "application/json", body.size(), request);
      request.body = body;
      request.tail = "";
    }
  }

  std::size_t KeptBytes() const override { return kKeptBytes; }

  std::string Check(const Request& request, ResponseReader& answer) override {
    const int status = answer.status();
    if (request.is_hostile) {
      // Others, such as 401 and 404, refuse whatever is sent, and 429 and 503 whoever sends it.
      constexpr int kRefusals[] = {400, 413, 415, 422};
      if (std::ranges::find(kRefusals, status) != std::end(kRefusals)) return "";
      const bool is_of_all = status == 503 || (status >= 400 && status < 500);
      return is_of_all ? StatusError(status) : "hostile_" + StatusError(status);
    }
    if (status != 200) return StatusError(status);
    return check_.Check({request.frame_id, request.camera_id, request.frame}, answer.body());
  }

 private:
  void Begin(std::string_view path, std::string_view content_type, std::size_t size,
             Request& request) {
    request.head = "POST ";
    request.head.append(path).append(" HTTP/1.1\r\n").append(fields_);
    request.head.append("Content-Type: ").append(content_type);
    request.head.append("\r\nContent-Length: ").append(std::to_string(size)).append("\r\n\r\n");
  }

  static std::string Metadata(const StoredFrame& frame, const Request& request) {
    std::string text = R"({"frame_id":")" + request.frame_id + "\"";
    if (frame.raw) {
      text += ",\"width\":" + std::to_string(frame.raw->width) +
              ",\"height\":" + std::to_string(frame.raw->height) + R"(,"format":")";
      text.append(frame::RawFormatName(frame.raw->format)).append("\"");
    }
    if (!request.camera_id.empty()) text += R"(,"camera_id":")" + request.camera_id + "\"";
    return text + "}";
  }

  void Write(const StoredFrame& frame, Request& request) {
    switch (load_.form) {
      case FrameForm::kJson: {
        const std::string front =
            "{\"metadata\":" + Metadata(frame, request) + ",\"frame_data\":\"";
        request.body = frame.base64;
        request.tail = "\"}";
        Begin(load_.head.path, "application/json", front.size() + frame.base64.size() + 2, request);
        request.head += front;
        return;
      }
      case FrameForm::kBinary: {
        std::string path = load_.head.path;
        path.append(PathSeparator(path)).append("frame_id=").append(request.frame_id);
        if (!request.camera_id.empty()) path.append("&camera_id=").append(request.camera_id);
        if (frame.raw) {
          path += "&width=" + std::to_string(frame.raw->width) +
                  "&height=" + std::to_string(frame.raw->height) + "&format=";
          path.append(frame::RawFormatName(frame.raw->format));
        }
        request.body = frame.bytes;
        request.tail = "";
        Begin(path, frame.content_type, frame.bytes.size(), request);
        return;
      }
      case FrameForm::kMultipart: {
        std::string front = "--" + std::string(kBoundary) +
                            "\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n" +
                            Metadata(frame, request) + "\r\n--" + std::string(kBoundary) +
                            "\r\nContent-Disposition: form-data; name=\"frame\"; filename=\"frame\""
                            "\r\nContent-Type: ";
        front.append(frame.content_type).append("\r\n\r\n");
        request.body = frame.bytes;
        request.tail = multipart_tail_;
        Begin(load_.head.path, "multipart/form-data; boundary=" + std::string(kBoundary),
              front.size() + frame.bytes.size() + multipart_tail_.size(), request);
        request.head += front;
        return;
      }
    }
  }

  const FrameLoad& load_;
  const std::string fields_;
  const std::string prefix_;
  std::mt19937_64 random_;
  std::discrete_distribution<std::size_t> pick_;
  std::uniform_real_distribution<double> share_{0, 1};
  std::vector<StoredFrame> hostile_frames_;
  std::vector<std::string> hostile_json_;
  std::string multipart_tail_;
  std::uint64_t count_ = 0;
  AnswerCheck check_;
};

}  // namespace

std::unique_ptr<RequestMaker> MakeFrameRequests(const FrameLoad& load, std::size_t thread) {
  return std::make_unique<FrameRequests>(load, thread);
}

}  // namespace sampleproc::loadtest
