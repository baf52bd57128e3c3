// What is pending in the group and nobody works on: of the dead, given back, or lost on its way
// here.
#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "consumer/sources/redis_answers.h"
#include "consumer/sources/redis_source.h"

namespace sampleproc::consumer {
namespace {

using base::Result;
using net::RedisCommand;
using net::RedisReply;
using std::chrono::milliseconds;

// How many pending entries are looked at in one piece of a list that is longer than a page.
constexpr std::size_t kLongPage = 1'000;
// Of what may have been lost, in one pull, before new frames are read.
constexpr int kPagesAtOnce = 10;

}  // namespace

// So many of those behind an id, from the first on behind "".
Result<std::vector<RedisReply>> RedisSource::Pending(const PendingQuery& query) {
  RedisCommand command = {"XPENDING", options_.stream, options_.group};
  if (query.idle > milliseconds(0)) {
    command.insert(command.end(), {"IDLE", std::to_string(query.idle.count())});
  }
  std::string from = query.behind.empty() ? "-" : "(" + query.behind;
  std::string until = query.until.empty() ? "+" : query.until;
  if (!query.only.empty()) from = until = query.only;
  command.insert(command.end(), {std::move(from), std::move(until), std::to_string(query.most)});
  if (query.ours) command.push_back(context_.consumer);
  auto reply = Ask(command);
  if (!reply) return std::unexpected(std::move(reply.error()));
  std::erase_if(reply->elements, [](const RedisReply& each) { return each.elements.size() != 4; });
  return std::move(reply->elements);
}

// What may be claimed, from behind an id on and then from the first on. Fewer than `most` are all
// that there are.
Result<std::vector<RedisReply>> RedisSource::Claimable(const std::string& behind,
                                                       std::size_t most) {
  auto page = Pending({.behind = behind, .most = most, .idle = options_.claim_idle});
  if (!page || behind.empty() || page->size() >= most) return page;
  auto first = Pending({.until = behind, .most = most - page->size(), .idle = options_.claim_idle});
  if (!first) return first;
  std::ranges::move(*first, std::back_inserter(*page));
  return page;
}

// Where the list ends now: what is added to it later is not waited for.
Result<void> RedisSource::BeginCatchingUp() {
  auto summary = Ask({"XPENDING", options_.stream, options_.group});
  if (!summary) return std::unexpected(std::move(summary.error()));
  if (summary->elements.size() == 4) catch_up_until_ = summary->elements[2].text;
  catching_up_ = !catch_up_until_.empty();
  return {};
}

// Whether the first round ends before this entry: it is a new one, or one that has come by before.
bool RedisSource::CaughtUpBefore(const std::string& id) const {
  return OrderOf(id) > OrderOf(catch_up_until_) ||
         (!last_given_back_.empty() && OrderOf(id) <= OrderOf(last_given_back_));
}

// Some of those that were given back, in order. The next ones follow, so that those that are given
// back again and again stop none behind them.
std::vector<std::string> RedisSource::GivenBackOf(const std::vector<RedisReply>& page,
                                                  std::size_t count, bool whole) {
  std::vector<std::string> ids;
  bool cut = false;
  for (const RedisReply& each : page) {
    const std::string& id = each.elements[0].text;
    if (catching_up_ && CaughtUpBefore(id)) {
      catching_up_ = false;
      cut = !ids.empty();
      if (cut) break;
    }
    const bool given_back = each.elements[3].integer == 0 && !settler_.Holds(id) && !stuck_.Has(id);
    cut = given_back && ids.size() == Most(count);
    if (cut) break;
    last_given_back_ = id;
    if (given_back) ids.push_back(id);
  }
  if (whole && !cut) {
    last_given_back_.clear();
    catching_up_ = false;
  }
  if (catching_up_) {
    caught_up_ += ids.size();
    catching_up_ = caught_up_ < kMostCaughtUp;
  }
  std::ranges::sort(ids, std::less(), OrderOf);
  for (const std::string& id : ids) claiming_.try_emplace(id, 0);
  return ids;
}

// In turns too. What is in work here is idle only because it was trimmed, or Redis was away for too
// long.
std::vector<std::string> RedisSource::SuspectsOf(const std::vector<RedisReply>& page) {
  std::vector<std::string> suspects;
  for (const RedisReply& each : page) {
    const std::string& id = each.elements[0].text;
    if (each.elements[3].integer == 0 || settler_.Holds(id) || stuck_.Has(id)) continue;
    const bool lost = each.elements[1].text == context_.consumer && !WasGivenBack(each);
    if (!lost) claiming_.try_emplace(id, 0);
    suspects.push_back(id);
  }
  std::ranges::sort(suspects, std::less(), OrderOf);
  std::ranges::rotate(
      suspects, std::ranges::upper_bound(suspects, OrderOf(last_suspect_), std::less(), OrderOf));
  return suspects;
}

// One place, as far as there may be suspects that can be claimed; the only one by turns. There may
// be no end of those that are given back.
std::size_t RedisSource::KeptForSuspect(const std::vector<RedisReply>& page, std::size_t count,
                                        bool whole) {
  if (settler_.HoldsSuspect() || catching_up_) return 0;
  if (whole && std::ranges::all_of(
                   page, [](const RedisReply& each) { return each.elements[3].integer == 0; })) {
    return 0;
  }
  suspects_turn_ = count > 1 || !suspects_turn_;
  return suspects_turn_ ? 1 : 0;
}

// What the dead have left, and what is ours and never came. Entries that were given back come
// together, others one by one. Of a list that is longer than a page, each kind is looked for behind
// where it was found last.
Result<std::vector<Delivery>> RedisSource::Claim(std::size_t count) {
  if (catching_up_ && catch_up_until_.empty()) {
    if (auto begun = BeginCatchingUp(); !begun) return std::unexpected(std::move(begun.error()));
  }
  const std::size_t most = count + context_.page + settler_.held();
  auto page = Claimable(last_given_back_, most);
  if (!page) return std::unexpected(std::move(page.error()));
  left_behind_ = false;
  const bool whole = page->size() < most;
  const std::size_t kept = KeptForSuspect(*page, count, whole);
  auto deliveries = Fetch(GivenBackOf(*page, count - kept, whole), options_.claim_idle);
  if (!deliveries) return deliveries;
  auto claimed = ClaimSuspects(*page, count, whole, *deliveries);
  if (kept == count && deliveries->empty()) left_behind_ = true;  // it is the others' turn
  // What has been claimed is held, so it must come to its worker.
  if (!claimed && deliveries->empty()) return std::unexpected(std::move(claimed.error()));
  std::erase_if(claiming_, [&](const auto& each) {
    return !lost_ && each.second == 0 && !stuck_.Has(each.first);
  });
  TellTrimmed(*deliveries);
  return deliveries;
}

Result<void> RedisSource::ClaimSuspects(std::vector<RedisReply>& page, std::size_t count,
                                        bool whole, std::vector<Delivery>& deliveries) {
  const auto full = [&] { return settler_.HoldsSuspect() || deliveries.size() >= count; };
  if (!whole) {
    left_behind_ = full();
    if (left_behind_) return {};
    auto found = Claimable(last_suspect_, kLongPage + settler_.held());
    if (!found) return std::unexpected(std::move(found.error()));
    page = std::move(*found);
  }
  for (const std::string& id : SuspectsOf(page)) {
    left_behind_ = full();
    if (left_behind_) return {};
    last_suspect_ = id;
    auto one = Fetch({id}, options_.claim_idle);
    if (!one) return std::unexpected(std::move(one.error()));
    std::ranges::move(*one, std::back_inserter(deliveries));
  }
  if (!whole && !page.empty()) last_suspect_ = page.back().elements[0].text;
  return {};
}

// What was handed to us in answers that never came, or were too large. Nothing is lost any more
// when the whole list has been gone through and nothing was left in it.
Result<std::vector<Delivery>> RedisSource::Recover(std::size_t count) {
  std::vector<std::string> ids;
  bool suspect_held = settler_.HoldsSuspect();
  bool cut = false;
  bool ended = false;
  for (int pages = 0; ids.empty() && !ended && pages < kPagesAtOnce; ++pages) {
    auto page = Pending({.behind = recovered_, .most = kLongPage, .ours = true});
    if (!page) return std::unexpected(std::move(page.error()));
    for (const RedisReply& each : *page) {
      const std::string& id = each.elements[0].text;
      const bool lost = !WasGivenBack(each) && !settler_.Holds(id) && !stuck_.Has(id);
      cut = lost && ids.size() == Most(count);
      if (cut) break;
      recovered_ = id;
      if (!lost) continue;
      const bool suspect = each.elements[3].integer > 1 || claiming_.contains(id);
      if (suspect && suspect_held) {
        left_lost_ = true;
      } else {
        suspect_held |= suspect;
        ids.push_back(id);
      }
    }
    ended = page->size() < kLongPage && !cut;
  }
  auto deliveries = Fetch(ids, milliseconds(0));
  if (!deliveries) return deliveries;
  if (ended) {
    recovered_.clear();
    lost_ = std::exchange(left_lost_, false);
    if (!lost_) std::erase_if(claiming_, [&](const auto& each) { return !stuck_.Has(each.first); });
  }
  if (!deliveries->empty()) ReadMore(count);
  TellTrimmed(*deliveries);
  return deliveries;
}

// From the first one on: what is lost comes before what follows it.
void RedisSource::Lose() noexcept {
  lost_ = true;
  left_lost_ = false;
  recovered_.clear();
}

}  // namespace sampleproc::consumer
