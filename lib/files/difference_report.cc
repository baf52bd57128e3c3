#include "files/difference_report.h"

#include <utility>

#include "base/bytes.h"
#include "files/difference_page.h"
#include "files/shown_text.h"

namespace sampleproc::files {
namespace {

// Lines until one of them cannot be written.
class Lines {
 public:
  explicit Lines(LineSink& sink) : sink_(sink) {}

  void Add(const std::string& line) {
    if (written_) written_ = sink_.WriteLine(line);
  }
  base::Result<void> End() {
    if (written_) written_ = sink_.Flush();
    return written_;
  }
  bool HasFailed() const { return !written_.has_value(); }

 private:
  LineSink& sink_;
  base::Result<void> written_;
};

base::Result<base::ByteBuffer> DrawnPicture(const ReportPicture& picture,
                                            const codec::Options& options,
                                            resources::MemoryBudget& budget) {
  const auto jpeg = picture.picture->Read();
  if (!jpeg) return std::unexpected(jpeg.error());
  return process::MarkedJpeg(base::AsBytes(*jpeg), picture.width, picture.height, picture.boxes,
                             options, {}, budget);
}

std::string CameraHeading(const std::string& camera) {
  if (camera.empty()) return "Without a camera";
  return "Camera <bdi>" + ShownText(camera) + "</bdi>";
}

std::string CameraCell(const std::string& camera) {
  return camera.empty() ? "without a camera" : "<bdi>" + ShownText(camera) + "</bdi>";
}

// A table that is wider than a phone is scrolled, also with the keyboard.
std::string ScrollBegin(const std::string& named_by) {
  return "<div class=\"scroll\" role=\"region\" aria-labelledby=\"" + named_by +
         "\" tabindex=\"0\">\n";
}

std::string CountsRow(std::string name, const std::vector<std::string_view>& kinds,
                      const std::map<std::string_view, std::uint64_t>& counts) {
  std::vector<std::string> cells = {std::move(name)};
  std::uint64_t sum = 0;
  for (const std::string_view kind : kinds) {
    const auto at = counts.find(kind);
    const std::uint64_t count = at == counts.end() ? 0 : at->second;
    cells.push_back(std::to_string(count));
    sum += count;
  }
  cells.push_back(std::to_string(sum));
  return TableRow(cells, "td") + "\n";
}

}  // namespace

std::string DifferenceReport::NoRoom() const {
  return "the page has room for pictures of " + std::to_string(limits_.pictured) + " differences";
}

// How much of it the page shows.
std::string DifferenceReport::RoomText() const {
  std::string text = std::to_string(pictured_) + " of " + Counted(differences_, Things()) +
                     " with " + (pictured_ == 1 ? "a picture" : "pictures");
  if (listed_ > 0) text += ", " + std::to_string(listed_) + " in tables without";
  if (const auto rest = differences_ - pictured_ - listed_; rest > 0) {
    text += ", " + std::to_string(rest) + " only counted: a page has room for " +
            std::to_string(limits_.pictured) + " and " + std::to_string(limits_.listed);
  }
  return text + ".";
}

void DifferenceReport::Add(Difference difference) {
  ++differences_;
  changes_ += difference.kinds.size();
  const bool is_known = counts_.contains(difference.camera) || counts_.size() < limits_.cameras;
  Counts& counts = is_known ? counts_[difference.camera] : other_counts_;
  for (const std::string_view kind : difference.kinds) ++counts[kind];
  if (!difference.pictures.empty() && TakesPictures()) {
    ++pictured_;
    sections_[difference.camera].pictured.push_back(std::move(difference));
    return;
  }
  if (!difference.pictures.empty()) {
    difference.pictures.clear();
    difference.no_picture = NoRoom();
  }
  if (listed_ == limits_.listed) return;
  ++listed_;
  sections_[difference.camera].listed.push_back(std::move(difference));
}

std::string DifferenceReport::Title() const {
  if (changes_ == 0) return "No differences from the earlier run";
  std::string title = Counted(changes_, "differences") + " from the earlier run";
  if (facts_.of != "events") title += ", in " + Counted(differences_, Things());
  return title;
}

std::string DifferenceReport::CountsSection() const {
  Counts all = other_counts_;
  for (const auto& [camera, counts] : counts_) {
    for (const auto& [kind, count] : counts) all[kind] += count;
  }
  std::vector<std::string> head = {"Camera"};
  std::vector<std::string_view> kinds;  // that there are
  for (const std::string_view kind : facts_.kinds) {
    if (!all.contains(kind)) continue;
    kinds.push_back(kind);
    head.emplace_back(kind);
  }
  head.emplace_back("all");
  std::string text = "<section>\n<h2 id=\"counts\">Changes by camera</h2>\n" +
                     ScrollBegin("counts") + "<table>\n<thead>" + TableRow(head, "th") +
                     "</thead>\n<tbody>\n";
  for (const auto& [camera, counts] : counts_) {
    text += CountsRow(CameraCell(camera), kinds, counts);
  }
  if (!other_counts_.empty()) text += CountsRow("other cameras", kinds, other_counts_);
  if (counts_.size() > 1) text += CountsRow("all cameras", kinds, all);
  return text + "</tbody>\n</table>\n</div>\n<p>" + RoomText() + "</p>\n</section>";
}

std::string DifferenceReport::CameraLinks() const {
  std::string links = "<nav aria-label=\"Cameras\">\n<ul class=\"cameras\">\n";
  std::uint64_t number = 0;
  for (const auto& [camera, section] : sections_) {
    links += "<li><a href=\"#camera-" + std::to_string(++number) + "\">" + CameraCell(camera) +
             "</a></li>\n";
  }
  return links + "</ul>\n</nav>";
}

base::Result<void> DifferenceReport::Write(std::uint64_t frames, std::uint64_t failed,
                                           const codec::Options& options,
                                           resources::MemoryBudget& budget, LineSink& sink) const {
  Lines lines(sink);
  lines.Add(PageBegin(Title()));
  lines.Add("<p>What this run finds, against the " + std::string(facts_.of) + " in <bdi>" +
            ShownText(facts_.earlier) + "</bdi>: " + Counted(frames, "frames") +
            (failed == 0 ? "" : ", of which " + std::to_string(failed) + " failed") + ".</p>");
  lines.Add(changes_ == 0 ? "<p><strong>Nothing that is compared has changed.</strong></p>"
                          : CountsSection());
  if (pictured_ > 0) lines.Add(PictureLegend());
  if (sections_.size() > 1) lines.Add(CameraLinks());
  std::uint64_t number = 0;
  std::uint64_t section_number = 0;
  for (const auto& [camera, section] : sections_) {
    const std::string id = "camera-" + std::to_string(++section_number);
    lines.Add("<section aria-labelledby=\"" + id + "\">\n<h2 id=\"" + id + "\">" +
              CameraHeading(camera) + "</h2>");
    for (const Difference& each : section.pictured) {
      lines.Add(DifferenceBegin(each, ++number));
      for (const ReportPicture& picture : each.pictures) {
        if (lines.HasFailed()) break;  // drawing takes its time
        lines.Add(Figure(picture, DrawnPicture(picture, options, budget)));
      }
      lines.Add(DifferenceEnd(each));
    }
    if (!section.listed.empty()) {
      lines.Add("<h3 id=\"" + id + "-list\">Without pictures</h3>\n" +
                ScrollBegin(id + " " + id + "-list") + "<table class=\"words\">\n<thead>" +
                TableRow({"Change", "What", "In which way", "Why no picture"}, "th") +
                "</thead>\n<tbody>");
      for (const Difference& each : section.listed) lines.Add(TableRow(CellsOf(each), "td"));
      lines.Add("</tbody>\n</table>\n</div>");
    }
    lines.Add("</section>");
  }
  lines.Add("</main>\n</body>\n</html>");
  return lines.End();
}

}  // namespace sampleproc::files
