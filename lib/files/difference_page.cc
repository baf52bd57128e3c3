#include "files/difference_page.h"

#include <algorithm>

#include "base/base64.h"
#include "files/shown_text.h"
#include "http/digest.h"
#include "process/still.h"

namespace sampleproc::files {
namespace {

// One style, by whose digest the page's own policy lets it in.
constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --page: #f3f5f7; --card: #ffffff; --line: #c3cad1; --text: #16202a;
  --soft: #4c5a67; --accent: #0b5a86; --shade: #dfe5ea; --ink: #101418; --before: #e69f00;
  --now: #56b4e9; --both: #cdcdcd; }
@media (prefers-color-scheme: dark) { :root { --page: #11171d; --card: #1b232b; --line: #3a4754;
  --text: #e8edf2; --soft: #a9b6c2; --accent: #7cc4ee; --shade: #29333d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 1rem 1rem 3rem; }
h1, h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0; }
h1 { font-size: 1.4rem; margin-bottom: .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-bottom: .6rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: .2rem 0 .6rem; overflow-wrap: anywhere; }
p, figcaption { color: var(--soft); overflow-wrap: anywhere; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
section, article { margin-top: 1.2rem; }
article, section.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .8rem; }
.cameras { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin-top: 1.2rem; }
.cameras li { overflow-wrap: anywhere; }
.cameras a { display: inline-block; padding: .35rem 0; }
.kind { display: inline-block; padding: .05rem .5rem; border-radius: .3rem; background: var(--shade);
  font-weight: 700; }
.body { display: grid; gap: .8rem 1.2rem; align-items: start;
  grid-template-columns: minmax(0, 40rem) minmax(14rem, 1fr); }
.pictures { display: grid; gap: .8rem; }
figure img { display: block; max-width: 100%; height: auto; background: var(--shade); }
figcaption { font-size: .9rem; margin-top: .25rem; }
.none { padding: 1rem; background: var(--shade); color: var(--text); }
dl { display: grid; gap: .4rem; font-size: .95rem; font-variant-numeric: tabular-nums; }
dt { color: var(--soft); font-size: .85rem; }
dd { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin-bottom: .4rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; background: var(--card); }
th, td { text-align: right; padding: .35rem .7rem; border: 1px solid var(--line); vertical-align: top; }
th:first-child, .words th, .words td { text-align: left; }
.words td { min-width: 9rem; max-width: 26rem; overflow-wrap: anywhere; }
tbody th { min-width: 7rem; max-width: 20rem; font-weight: 600; overflow-wrap: anywhere; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .6rem 1.4rem; }
.swatch { display: inline-block; padding: .05rem .5rem; margin-right: .5rem; color: var(--ink); }
.before { background: var(--before); border: 3px dashed var(--ink); }
.now { background: var(--now); border: 3px solid var(--ink); }
.both { background: var(--both); border: 1px solid var(--ink); }
@media (max-width: 52rem) { .body { grid-template-columns: minmax(0, 1fr); } main { padding: .75rem; } }
@media print { article { break-inside: avoid; } }
)";

std::string Fact(std::string_view name, const std::string& text) {
  return "<div><dt>" + ShownText(name) + "</dt><dd><bdi>" + ShownText(text, 600) +
         "</bdi></dd></div>\n";
}

}  // namespace

std::string PageBegin(std::string_view title) {
  const std::string shown = ShownText(title);
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
         "img-src data:; style-src 'sha256-" +
         http::Sha256Base64(kStyle) +
         "'; base-uri 'none'; form-action 'none'\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n"
         "<meta name=\"referrer\" content=\"no-referrer\">\n<title>" +
         shown + "</title>\n<style>" + std::string(kStyle) +
         "</style>\n</head>\n<body>\n<main>\n<h1>" + shown + "</h1>";
}

std::string PictureLegend() {
  return "<section class=\"card\" aria-labelledby=\"legend\">\n<h2 id=\"legend\">How boxes are "
         "drawn</h2>\n<ul class=\"legend\">\n"
         "<li><span class=\"swatch before\">before</span>only in the earlier run: orange, "
         "dashed</li>\n"
         "<li><span class=\"swatch now\">now</span>only in this run: blue, one thick line</li>\n"
         "<li><span class=\"swatch both\">both</span>in both runs: gray, one thin line</li>\n"
         "</ul>\n</section>";
}

std::string TableRow(const std::vector<std::string>& cells, std::string_view cell) {
  std::string row = "<tr>";
  for (const std::string& text : cells) {
    const bool is_head = cell == "th";
    const bool is_name = !is_head && &text == &cells.front();
    row.append(is_head ? "<th scope=\"col\">" : is_name ? "<th scope=\"row\">" : "<td>");
    row.append(text).append(is_head || is_name ? "</th>" : "</td>");
  }
  return row + "</tr>";
}

std::string DifferenceBegin(const Difference& difference, std::uint64_t number) {
  const std::string id = "change-" + std::to_string(number);
  return "<article aria-labelledby=\"" + id + "\">\n<h3 id=\"" + id + "\"><span class=\"kind\">" +
         KindsText(difference.kinds) + "</span> <bdi>" + ShownText(difference.title) +
         "</bdi></h3>\n<div class=\"body\">\n<div class=\"pictures\">";
}

std::string DifferenceEnd(const Difference& difference) {
  std::string end = "</div>\n<dl>\n";
  for (const auto& [name, text] : difference.facts) end += Fact(name, text);
  return end + "</dl>\n</div>\n</article>";
}

std::string Figure(const ReportPicture& picture, const base::Result<base::ByteBuffer>& jpeg) {
  const std::string caption =
      "<figcaption><bdi>" + ShownText(picture.caption, 600) + "</bdi></figcaption>\n</figure>";
  if (!jpeg) {
    return "<figure>\n<p class=\"none\">No picture: " + ShownText(jpeg.error().message) + "</p>\n" +
           caption;
  }
  const auto [width, height] =
      process::ShrunkSize(picture.width, picture.height, process::kStillSide);
  return "<figure>\n<img width=\"" + std::to_string(width) + "\" height=\"" +
         std::to_string(height) + "\" alt=\"" + ShownText(picture.alt, 600) +
         "\" src=\"data:image/jpeg;base64," + base::EncodeBase64(*jpeg) + "\">\n" + caption;
}

std::vector<std::string> CellsOf(const Difference& difference) {
  std::string facts;
  for (const auto& [name, text] : difference.facts) {
    if (!facts.empty()) facts += "; ";
    facts += ShownText(name) + ": <bdi>" + ShownText(text) + "</bdi>";
  }
  return {KindsText(difference.kinds), "<bdi>" + ShownText(difference.title) + "</bdi>",
          std::move(facts), ShownText(difference.no_picture)};
}

std::string KindsText(const std::vector<std::string_view>& kinds) {
  std::string text;
  for (auto kind = kinds.begin(); kind != kinds.end(); ++kind) {
    if (std::find(kinds.begin(), kind, *kind) != kind) continue;
    const auto count = std::count(kind, kinds.end(), *kind);
    if (!text.empty()) text += ", ";
    if (count > 1) text += std::to_string(count) + " ";
    text += *kind;
  }
  return text;
}

std::string Counted(std::uint64_t number, std::string_view things) {
  if (number == 1) things.remove_suffix(1);
  return std::to_string(number) + " " + std::string(things);
}

}  // namespace sampleproc::files
