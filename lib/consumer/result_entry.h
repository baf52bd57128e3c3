// A result as an entry of a stream, as the original service writes it.
#pragma once

#include <string>

#include "base/clock.h"
#include "consumer/result_sink.h"
#include "net/redis_client.h"

namespace sampleproc::consumer {

// Entries that a stream of results keeps, about (MAXLEN ~): who reads them is late by no more.
inline constexpr const char* kResultsLimit = "100000";

// Appends the fields frame_id, processor_id, timestamp and result (or event), and traceparent and
// tracestate if there is one.
void AppendResultEntry(const ResultRecord& record, const std::string& processor_id,
                       base::WallTime time, net::RedisCommand& command);

}  // namespace sampleproc::consumer
