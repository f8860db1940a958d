// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/event_log.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {
namespace {

constexpr size_t kMaxChunkRows = 2048;  // DuckDB's vector size
using NameIndexes = std::array<uint16_t, kMaxChunkRows>;

// Codes of the dictionary to places in a scan's list of names.
class CodeMap {
 public:
  CodeMap(const Names& names, const std::vector<std::string>& wanted) {
    for (size_t index = 0; index < wanted.size(); ++index) {
      std::optional<uint32_t> code = names.Find(wanted[index]);
      if (!code) continue;
      if (*code >= index_of_.size()) index_of_.resize(*code + 1, kOtherName);
      if (index_of_[*code] != kOtherName) continue;
      index_of_[*code] = static_cast<uint16_t>(index);
      codes_.push_back(*code);
    }
  }

  absl::Span<const uint16_t> Map(absl::Span<const uint32_t> codes, NameIndexes& indexes) const {
    for (size_t i = 0; i < codes.size(); ++i) {
      indexes[i] = codes[i] < index_of_.size() ? index_of_[codes[i]] : kOtherName;
    }
    return {indexes.data(), codes.size()};
  }

  // Those that are in the dictionary.
  const std::vector<uint32_t>& codes() const { return codes_; }

 private:
  std::vector<uint16_t> index_of_;
  std::vector<uint32_t> codes_;
};

// Opens a snapshot that later commits don't change. A transaction's snapshot is that of its first read.
absl::Status OpenSnapshot(Connection& connection) {
  TIERWISE_RETURN_IF_ERROR(connection.Run("BEGIN READ ONLY"));
  return connection.Run("SELECT 1 FROM schema_versions LIMIT 1");
}

template <typename Consume>
absl::Status ForEachChunk(Statement& statement, Consume consume) {
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.Stream());
  for (;;) {
    TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
    if (chunk == nullptr) return absl::OkStatus();
    consume(*chunk);
  }
}

}  // namespace

absl::Status DuckDbEventLog::AppendExposures(const std::vector<v1::Exposure>& exposures, absl::Time received) {
  if (exposures.empty()) return absl::OkStatus();
  return engine_->Write(static_cast<int64_t>(exposures.size()),
                        [&](WriteSession& session) { return session.facts.Append(exposures, received); });
}

absl::Status DuckDbEventLog::AppendEvents(const std::vector<v1::Event>& events, absl::Time received) {
  if (events.empty()) return absl::OkStatus();
  return engine_->Write(static_cast<int64_t>(events.size()),
                        [&](WriteSession& session) { return session.facts.Append(events, received); });
}

absl::Status DuckDbEventLog::ScanExposures(const ExposureScan& scan,
                                           absl::FunctionRef<void(const ExposureColumns&)> consume) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  std::optional<uint32_t> campaign;
  std::optional<CodeMap> variants, tiers;
  TIERWISE_RETURN_IF_ERROR(engine_->RunBetween([&](WriteSession& session) {
    campaign = session.facts.names().Find(scan.campaign);
    variants.emplace(session.facts.names(), scan.variants);
    tiers.emplace(session.facts.names(), scan.tiers);
    session.facts.CloseAsOf(scan.as_of);
    return OpenSnapshot(connection);
  }));
  if (!campaign) return absl::OkStatus();
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT user_key, time_micros, variant, tier, phase, forced FROM exposures "
                         "WHERE campaign = ? AND received_micros <= ?"));
  statement.Bind(1, *campaign).Bind(2, absl::ToUnixMicros(scan.as_of));
  NameIndexes variant_indexes, tier_indexes;
  return ForEachChunk(statement, [&](const Chunk& chunk) {
    consume({.user = chunk.Column<uint64_t>(0),
             .time_micros = chunk.Column<int64_t>(1),
             .variant = variants->Map(chunk.Column<uint32_t>(2), variant_indexes),
             .tier = tiers->Map(chunk.Column<uint32_t>(3), tier_indexes),
             .phase = chunk.Column<uint32_t>(4),
             .forced = chunk.Column<uint8_t>(5)});
  });
}

absl::Status DuckDbEventLog::ScanEvents(const EventScan& scan, absl::FunctionRef<void(const EventColumns&)> consume) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  std::optional<CodeMap> names;
  TIERWISE_RETURN_IF_ERROR(engine_->RunBetween([&](WriteSession& session) {
    names.emplace(session.facts.names(), scan.names);
    session.facts.CloseAsOf(scan.as_of);
    return OpenSnapshot(connection);
  }));
  if (names->codes().empty()) return absl::OkStatus();
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrCat(
          "SELECT user_key, time_micros, name, event_key, coalesce(value, 0), value IS NOT NULL FROM events "
          "WHERE name IN (",
          absl::StrJoin(names->codes(), ","), ") AND time_micros >= ? AND time_micros < ? AND received_micros <= ?")));
  statement.Bind(1, absl::ToUnixMicros(scan.begin))
      .Bind(2, absl::ToUnixMicros(scan.end))
      .Bind(3, absl::ToUnixMicros(scan.as_of));
  NameIndexes name_indexes;
  return ForEachChunk(statement, [&](const Chunk& chunk) {
    consume({.user = chunk.Column<uint64_t>(0),
             .time_micros = chunk.Column<int64_t>(1),
             .name = names->Map(chunk.Column<uint32_t>(2), name_indexes),
             .event = chunk.Column<uint64_t>(3),
             .value = chunk.Column<double>(4),
             .has_value = chunk.Column<uint8_t>(5)});
  });
}

}  // namespace tierwise::duckdb
