// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/event_log.h"

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "experiments/base/status_macros.h"
#include "server/storage/duckdb/code_map.h"

namespace tierwise::duckdb {
namespace {

// Opens a snapshot in which everything received until `as_of` is, and finds the codes of names in it.
absl::StatusOr<CodeMap> OpenScan(Engine& engine, Connection& connection, const std::vector<std::string>& names,
                                 absl::Time as_of) {
  std::optional<CodeMap> codes;
  TIERWISE_RETURN_IF_ERROR(engine.RunBetween([&](WriteSession& session) {
    codes.emplace(session.facts.names(), names);
    session.facts.CloseAsOf(as_of);
    return OpenSnapshot(connection);
  }));
  return *std::move(codes);
}

// Events of the names, or of all; empty where none of the names was ever taken in.
std::string NameFilter(const CodeMap& names, bool every_name) {
  if (every_name) return "true";
  return absl::StrCat("name IN (", absl::StrJoin(names.codes(), ","), ")");
}

std::string UserFilter(const EventScan& scan) {
  if (scan.first_user == 0 && scan.last_user == std::numeric_limits<uint64_t>::max()) return "";
  return absl::StrCat(" AND user_key >= ", scan.first_user, " AND user_key <= ", scan.last_user);
}

// The text of a member of the properties. The path is a JSON pointer in an SQL literal.
std::string PropertyColumn(absl::string_view property) {
  return absl::StrCat("json_extract_string(properties_json, '/",
                      absl::StrReplaceAll(property, {{"~", "~0"}, {"/", "~1"}, {"'", "''"}}), "')");
}

// The keys of a run's values of the property.
class PropertyKeys {
 public:
  explicit PropertyKeys(TextsByKey* texts) : texts_(texts) {}

  absl::Span<const uint64_t> Read(const Chunk& chunk, size_t column) {
    for (size_t row = 0; row < chunk.size(); ++row) {
      keys_[row] = chunk.IsNull(column, row) ? kNoProperty : KeyOfText(chunk.TextAt(column, row));
    }
    return {keys_.data(), chunk.size()};
  }
  bool has_too_many() const { return texts_ != nullptr && texts_->size() > kMaxPropertyTexts; }

 private:
  uint64_t KeyOfText(absl::string_view text) {
    const uint64_t key = KeyOf(text);
    if (texts_ != nullptr && texts_->size() <= kMaxPropertyTexts) {
      texts_->try_emplace(key, text.data(), text.size());
    }
    return key;
  }

  TextsByKey* texts_;
  std::array<uint64_t, kMaxChunkRows> keys_;
};

}  // namespace

absl::Status DuckDbEventLog::AppendExposures(const std::vector<v1::Exposure>& exposures, absl::Time received,
                                             absl::FunctionRef<void()> committed) {
  if (exposures.empty()) return absl::OkStatus();
  return engine_->Write(static_cast<int64_t>(exposures.size()), [&](WriteSession& session) {
    session.committed.push_back(committed);
    return session.facts.Append(exposures, received);
  });
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
  TIERWISE_ASSIGN_OR_RETURN(const CodeMap names, OpenScan(*engine_, connection, scan.names, scan.as_of));
  if (names.codes().empty() && !scan.every_name) return absl::OkStatus();
  const bool has_property = !scan.property.empty();
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrCat("SELECT user_key, time_micros, name, event_key, coalesce(value, 0)",
                                      has_property ? absl::StrCat(", ", PropertyColumn(scan.property)) : "",
                                      " FROM events WHERE ", NameFilter(names, scan.every_name),
                                      " AND time_micros >= ? AND time_micros < ? AND received_micros <= ?",
                                      UserFilter(scan))));
  statement.Bind(1, absl::ToUnixMicros(scan.begin))
      .Bind(2, absl::ToUnixMicros(scan.end))
      .Bind(3, absl::ToUnixMicros(scan.as_of));
  NameIndexes name_indexes;
  PropertyKeys keys(scan.property_texts);
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    consume({.user = chunk.Column<uint64_t>(0),
             .time_micros = chunk.Column<int64_t>(1),
             .name = names.Map(chunk.Column<uint32_t>(2), name_indexes),
             .event = chunk.Column<uint64_t>(3),
             .value = chunk.Column<double>(4),
             .property = has_property ? keys.Read(chunk, 5) : absl::Span<const uint64_t>()});
  }));
  if (!keys.has_too_many()) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("the property \"", scan.property, "\" has more than ",
                                                   kMaxPropertyTexts,
                                                   " values: a favourite of so many can't be found"));
}

absl::Status DuckDbEventLog::ScanChangedUsers(const ChangedUserScan& scan,
                                              absl::FunctionRef<void(absl::Span<const uint64_t>)> consume) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(const CodeMap names, OpenScan(*engine_, connection, scan.names, scan.as_of));
  if (names.codes().empty() && !scan.every_name) return absl::OkStatus();
  std::string changed = "received_micros > ?";
  for (const TimeRange& range : scan.ranges) {
    absl::StrAppend(&changed, " OR (time_micros >= ", range.begin_micros, " AND time_micros < ", range.end_micros, ")");
  }
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrCat("SELECT user_key FROM events WHERE (", changed, ") AND received_micros <= ? AND ",
                                      NameFilter(names, scan.every_name))));
  statement.Bind(1, absl::ToUnixMicros(scan.received_after)).Bind(2, absl::ToUnixMicros(scan.as_of));
  return ForEachChunk(statement, [&](const Chunk& chunk) { consume(chunk.Column<uint64_t>(0)); });
}

}  // namespace tierwise::duckdb
