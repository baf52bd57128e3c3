#include "history/feed.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace sampleproc::history {

using base::ErrorCode;
using base::Fail;
using base::MutexLock;
using base::Result;

Subscription::~Subscription() { feed_->Remove(*this); }

Subscription::Batch Subscription::Next(std::size_t most_bytes) {
  return feed_->NextOf(*this, most_bytes);
}

void Subscription::OnNews(std::function<void()> wake) {
  const MutexLock lock(feed_->mutex_);
  wake_ = std::move(wake);
}

void Feed::Begin(std::int64_t newest) {
  const MutexLock lock(mutex_);
  newest_ = dropped_ = newest;
  for (Subscription* each : listeners_) {
    if (each->after_ == 0) each->after_ = newest;
  }
}

std::uint64_t Feed::Tell(Message message) {
  const MutexLock lock(mutex_);
  if (closed_) return end();
  if (!fetch_) message.id = newest_ + 1;
  newest_ = std::max(newest_, message.id);
  bytes_ += message.record->bytes();
  messages_.push_back(std::move(message));
  while (messages_.size() > 1 && (messages_.size() > kMostMessages || bytes_ > kMostBytes)) {
    bytes_ -= messages_.front().record->bytes();
    if (messages_.front().id > 0) dropped_ = messages_.front().id;
    messages_.pop_front();
    ++first_;
  }
  WakeAll();
  return end() - 1;
}

void Feed::Number(std::uint64_t place, std::int64_t id) {
  const MutexLock lock(mutex_);
  newest_ = std::max(newest_, id);
  if (place >= first_ && place < end()) {
    messages_[place - first_].id = id;
  } else {
    dropped_ = std::max(dropped_, id);
  }
}

void Feed::WakeAll() {
  for (Subscription* each : listeners_) Wake(*each);
}

void Feed::Wake(Subscription& subscription) noexcept {
  if (std::exchange(subscription.waiting_, false) && subscription.wake_) subscription.wake_();
}

Result<std::shared_ptr<Subscription>> Feed::Subscribe(Filter filter,
                                                      std::optional<std::int64_t> after,
                                                      std::string listener) {
  std::shared_ptr<Subscription> made(
      new Subscription(shared_from_this(), std::move(filter), std::move(listener)));
  const MutexLock lock(mutex_);
  if (closed_) return Fail(ErrorCode::kShuttingDown, "the service ends");
  if (listeners_.size() >= kMostSubscriptions) {
    return Fail(ErrorCode::kOverloaded,
                "there are " + std::to_string(kMostSubscriptions) + " streams of events already");
  }
  const auto same = [&](const Subscription* each) { return each->listener_ == made->listener_; };
  if (!made->listener_.empty() &&
      std::cmp_greater_equal(std::ranges::count_if(listeners_, same), kMostOfListener)) {
    return Fail(ErrorCode::kOverloaded, "this client's address has " +
                                            std::to_string(kMostOfListener) +
                                            " streams of events already");
  }
  listeners_.insert(made.get());
  made->place_ = end();
  if (after) {
    GoTo(*made, *after);
  } else {
    made->after_ = newest_;
  }
  return made;
}

// Behind the last message numbered so or below.
void Feed::GoTo(Subscription& subscription, std::int64_t after) {
  subscription.after_ = after;
  subscription.in_past_ = fetch_ && after < dropped_;
  if (subscription.in_past_) return;
  std::size_t behind = 0;
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    if (messages_[i].id > 0 && messages_[i].id <= after) behind = i + 1;
  }
  subscription.place_ = first_ + behind;
}

Subscription::Batch Feed::NextOf(Subscription& subscription, std::size_t most_bytes) {
  Subscription::Batch batch;
  std::optional<Request> request;
  {
    const MutexLock lock(mutex_);
    if (!subscription.in_past_ && subscription.place_ < first_) {
      // It has fallen behind what is here.
      if (fetch_) {
        subscription.in_past_ = true;
      } else {
        subscription.ended_ = true;
      }
    }
    batch.ended = closed_ || subscription.ended_;
    if (batch.ended) return batch;
    if (!subscription.in_past_) {
      TakeFromFeed(subscription, most_bytes, batch);
    } else if (!subscription.page_.empty()) {
      TakeFromPage(subscription, most_bytes, batch);
    } else if (!std::exchange(subscription.fetching_, true)) {
      request = {subscription.weak_from_this(), subscription.filter_, subscription.after_};
    }
    subscription.waiting_ = batch.messages.empty();
  }
  if (request) fetch_(std::move(*request));
  return batch;
}

void Feed::TakeFromPage(Subscription& subscription, std::size_t most_bytes,
                        Subscription::Batch& batch) {
  std::size_t bytes = 0;
  while (!subscription.page_.empty() && bytes < most_bytes) {
    Message& next = subscription.page_.front();
    bytes += next.record->json.size();
    subscription.after_ = next.id;
    batch.messages.push_back(std::move(next));
    subscription.page_.pop_front();
  }
}

void Feed::TakeFromFeed(Subscription& subscription, std::size_t most_bytes,
                        Subscription::Batch& batch) {
  std::size_t bytes = 0;
  for (; subscription.place_ < end() && bytes < most_bytes; ++subscription.place_) {
    const Message& next = messages_[subscription.place_ - first_];
    if (next.id > 0) subscription.after_ = next.id;
    if (!subscription.filter_.Fits(*next.record)) continue;
    bytes += next.record->json.size();
    batch.messages.push_back(next);
  }
}

void Feed::Supply(const std::weak_ptr<Subscription>& to, Result<std::vector<Message>> messages) {
  const std::shared_ptr<Subscription> subscription = to.lock();
  if (!subscription) return;
  const MutexLock lock(mutex_);
  subscription->fetching_ = false;
  if (!messages) {
    subscription->ended_ = true;
  } else if (messages->empty()) {
    // All that is not here has been passed.
    GoTo(*subscription, std::max(subscription->after_, dropped_));
  } else {
    subscription->page_.assign(std::make_move_iterator(messages->begin()),
                               std::make_move_iterator(messages->end()));
  }
  Wake(*subscription);
}

void Feed::Close() {
  const MutexLock lock(mutex_);
  WakeAll();
  closed_ = true;
  for (Subscription* each : listeners_) each->wake_ = nullptr;
}

void Feed::Remove(Subscription& subscription) {
  const MutexLock lock(mutex_);
  listeners_.erase(&subscription);
}

std::size_t Feed::subscriptions() const {
  const MutexLock lock(mutex_);
  return listeners_.size();
}

}  // namespace sampleproc::history
