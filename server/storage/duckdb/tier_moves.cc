// SPDX-License-Identifier: Apache-2.0
// What DuckDbTierHistory answers from the moves.
#include <map>

#include "absl/strings/str_cat.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/storage/duckdb/code_map.h"
#include "server/storage/duckdb/tier_history.h"

namespace tierwise::duckdb {
namespace {

constexpr int kMaxEntries = 1000;
// Moves are read in order in runs of so many, so that few are sorted at a time.
constexpr int64_t kRunSize = 1'000'000;

google::protobuf::Timestamp TimeAt(const Chunk& chunk, size_t column, size_t row) {
  return ToProto(absl::FromUnixMicros(chunk.At<int64_t>(column, row)));
}

std::string TextOrEmpty(const Chunk& chunk, size_t column, size_t row) {
  return chunk.IsNull(column, row) ? "" : std::string(chunk.TextAt(column, row));
}

v1::Move MoveAt(const Chunk& chunk, size_t row) {
  v1::Move move;
  move.set_sequence(chunk.At<int64_t>(0, row));
  move.set_user_id(TextOrEmpty(chunk, 1, row));
  move.set_from(TextOrEmpty(chunk, 2, row));
  move.set_to(TextOrEmpty(chunk, 3, row));
  *move.mutable_time() = TimeAt(chunk, 4, row);
  move.set_refresh(chunk.At<int64_t>(5, row));
  return move;
}

// The code of a name in the dictionary, as SQL.
constexpr char kCodeOfName[] = "(SELECT code FROM names WHERE name = ?)";

}  // namespace

absl::Status DuckDbTierHistory::ScanMoves(const MoveScan& scan, absl::FunctionRef<void(const MoveColumns&)> consume) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  std::optional<CodeMap> tiers;
  TIERWISE_RETURN_IF_ERROR(engine_->RunBetween([&](WriteSession& session) {
    tiers.emplace(session.facts.names(), scan.tiers);
    return OpenSnapshot(connection);
  }));
  TIERWISE_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare(absl::StrCat(
                                "SELECT user_key, time_micros, to_tier FROM tier_moves WHERE tiering = ", kCodeOfName,
                                " AND time_micros < ? AND refresh IN "
                                "(SELECT id FROM tier_refreshes WHERE end_micros <= ?)")));
  statement.BindText(1, scan.tiering).Bind(2, absl::ToUnixMicros(scan.end)).Bind(3, absl::ToUnixMicros(scan.as_of));
  NameIndexes indexes;
  return ForEachChunk(statement, [&](const Chunk& chunk) {
    consume({.user = chunk.Column<uint64_t>(0),
             .time_micros = chunk.Column<int64_t>(1),
             .tier = tiers->Map(chunk.Column<uint32_t>(2), indexes)});
  });
}

absl::Status DuckDbTierHistory::ScanTiers(const std::string& tiering, const std::vector<std::string>& tiers,
                                          absl::FunctionRef<void(const StoredTier&)> consume) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  std::optional<CodeMap> codes;
  TIERWISE_RETURN_IF_ERROR(engine_->RunBetween([&](WriteSession& session) {
    codes.emplace(session.facts.names(), tiers);
    return OpenSnapshot(connection);
  }));
  TIERWISE_ASSIGN_OR_RETURN(const int64_t last,
                            connection.ReadInteger("SELECT max(last_sequence) FROM tier_refreshes", 0));
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrCat("SELECT user_key, to_tier, time_micros, from_tier IS NOT NULL FROM tier_moves "
                                      "WHERE tiering = ",
                                      kCodeOfName, " AND sequence > ? AND sequence <= ? ORDER BY sequence")));
  NameIndexes indexes;
  for (int64_t begin = 0; begin < last; begin += kRunSize) {
    statement.BindText(1, tiering).Bind(2, begin).Bind(3, begin + kRunSize);
    TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
      const absl::Span<const uint16_t> tier = codes->Map(chunk.Column<uint32_t>(1), indexes);
      for (size_t row = 0; row < chunk.size(); ++row) {
        if (tier[row] == kOtherName) continue;
        consume({chunk.At<uint64_t>(0, row), tier[row], chunk.At<int64_t>(2, row), chunk.At<bool>(3, row)});
      }
    }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PendingTier>> DuckDbTierHistory::Pending(const std::string& tiering,
                                                                    const std::vector<std::string>& tiers) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(absl::StrCat(
                                                     "SELECT p.user_key, n.name, p.confirmations FROM tier_pending p "
                                                     "JOIN names n ON n.code = p.tier WHERE p.tiering = ",
                                                     kCodeOfName)));
  statement.BindText(1, tiering);
  std::map<std::string, int, std::less<>> index_of;
  for (size_t i = 0; i < tiers.size(); ++i) index_of.emplace(tiers[i], static_cast<int>(i));
  std::vector<PendingTier> pending;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size(); ++row) {
      const auto tier = index_of.find(TextOrEmpty(chunk, 1, row));
      if (tier == index_of.end()) continue;
      pending.push_back({chunk.At<uint64_t>(0, row), tier->second, chunk.At<int32_t>(2, row)});
    }
  }));
  return pending;
}

absl::StatusOr<std::vector<v1::Move>> DuckDbTierHistory::ListMoves(const MoveQuery& query) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          absl::StrCat("SELECT m.sequence, u.user_id, f.name, t.name, m.time_micros, m.refresh FROM "
                       "(SELECT * FROM tier_moves WHERE tiering = ",
                       kCodeOfName, " AND sequence > ?", query.changes_only ? " AND from_tier IS NOT NULL" : "",
                       query.user_id.empty() ? "" : " AND user_key = ?", " ORDER BY sequence LIMIT ", query.limit,
                       ") m LEFT JOIN users u USING (user_key) LEFT JOIN names f ON f.code = m.from_tier "
                       "JOIN names t ON t.code = m.to_tier ORDER BY m.sequence")));
  statement.BindText(1, query.tiering).Bind(2, query.after_sequence);
  if (!query.user_id.empty()) statement.BindKey(3, KeyOf(query.user_id));
  std::vector<v1::Move> moves;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size(); ++row) moves.push_back(MoveAt(chunk, row));
  }));
  return moves;
}

absl::StatusOr<std::vector<v1::Transition>> DuckDbTierHistory::Transitions(const std::string& tiering, absl::Time from,
                                                                           absl::Time to) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrCat(
          "SELECT f.name, t.name, c.users FROM (SELECT before_, after_, count(*) AS users FROM "
          "(SELECT arg_max(to_tier, sequence) FILTER (WHERE time_micros <= ?) AS before_, "
          "arg_max(to_tier, sequence) FILTER (WHERE time_micros <= ?) AS after_ FROM tier_moves WHERE tiering = ",
          kCodeOfName,
          " GROUP BY user_key) GROUP BY before_, after_) c LEFT JOIN names f ON f.code = c.before_ "
          "JOIN names t ON t.code = c.after_ ORDER BY f.name NULLS FIRST, t.name")));
  statement.Bind(1, absl::ToUnixMicros(from)).Bind(2, absl::ToUnixMicros(to)).BindText(3, tiering);
  std::vector<v1::Transition> transitions;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size(); ++row) {
      v1::Transition& transition = transitions.emplace_back();
      transition.set_from(TextOrEmpty(chunk, 0, row));
      transition.set_to(TextOrEmpty(chunk, 1, row));
      transition.set_users(chunk.At<int64_t>(2, row));
    }
  }));
  return transitions;
}

absl::StatusOr<std::vector<v1::TierHistoryEntry>> DuckDbTierHistory::Sizes(const std::string& tiering, absl::Time begin,
                                                                           absl::Time end,
                                                                           const std::string& value_event) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrCat(
          "WITH chosen AS (SELECT id, as_of_micros, lag(as_of_micros) OVER (ORDER BY as_of_micros, id) AS before_ "
          "FROM tier_refreshes WHERE id IN (SELECT refresh FROM tier_sizes WHERE tiering = ",
          kCodeOfName,
          ")), latest AS (SELECT * FROM chosen WHERE as_of_micros >= ? AND as_of_micros <= ? "
          "ORDER BY as_of_micros DESC, id DESC LIMIT ?), "
          "spent AS (SELECT DISTINCT user_key, event_key, time_micros, value FROM events "
          "WHERE name = ",
          kCodeOfName,
          " AND value IS NOT NULL AND time_micros > (SELECT min(coalesce(before_, as_of_micros)) FROM latest) "
          "AND time_micros <= (SELECT max(as_of_micros) FROM latest)), "
          "valued AS (SELECT l.id, m.to_tier AS tier, sum(s.value) AS value FROM spent s "
          "ASOF JOIN (SELECT user_key, time_micros, max_by(to_tier, sequence) AS to_tier FROM tier_moves "
          "WHERE tiering = ",
          kCodeOfName,
          " GROUP BY user_key, time_micros) m ON s.user_key = m.user_key AND s.time_micros > m.time_micros "
          "ASOF JOIN latest l ON s.time_micros <= l.as_of_micros WHERE s.time_micros > coalesce(l.before_, "
          "l.as_of_micros) "
          "GROUP BY l.id, m.to_tier) "
          "SELECT l.id, l.as_of_micros, t.name, z.users, coalesce(v.value, 0) FROM latest l "
          "JOIN tier_sizes z ON z.refresh = l.id JOIN names t ON t.code = z.tier "
          "LEFT JOIN valued v ON v.id = l.id AND v.tier = z.tier WHERE z.tiering = ",
          kCodeOfName, " ORDER BY l.as_of_micros, l.id, z.position")));
  statement.BindText(1, tiering)
      .Bind(2, absl::ToUnixMicros(begin))
      .Bind(3, absl::ToUnixMicros(end))
      .Bind(4, kMaxEntries)
      .BindText(5, value_event)
      .BindText(6, tiering)
      .BindText(7, tiering);
  std::vector<v1::TierHistoryEntry> entries;
  int64_t refresh = 0;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size(); ++row) {
      if (entries.empty() || refresh != chunk.At<int64_t>(0, row)) {
        refresh = chunk.At<int64_t>(0, row);
        *entries.emplace_back().mutable_as_of() = TimeAt(chunk, 1, row);
      }
      v1::TierSize& size = *entries.back().add_sizes();
      size.set_tier(TextOrEmpty(chunk, 2, row));
      size.set_users(chunk.At<int64_t>(3, row));
      if (!value_event.empty()) entries.back().add_values(chunk.At<double>(4, row));
    }
  }));
  return entries;
}

absl::StatusOr<std::vector<v1::TierMembership>> DuckDbTierHistory::TiersOf(const std::string& user_id,
                                                                           absl::Time as_of) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT g.name, t.name, m.time_micros FROM (SELECT tiering, max_by(to_tier, sequence) AS "
                         "to_tier, max_by(time_micros, sequence) AS time_micros FROM tier_moves WHERE user_key = ? "
                         "AND time_micros <= ? GROUP BY tiering) m JOIN names g ON g.code = m.tiering "
                         "JOIN names t ON t.code = m.to_tier ORDER BY g.name"));
  statement.BindKey(1, KeyOf(user_id)).Bind(2, absl::ToUnixMicros(as_of));
  std::vector<v1::TierMembership> tiers;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size(); ++row) {
      v1::TierMembership& tier = tiers.emplace_back();
      tier.set_tiering(TextOrEmpty(chunk, 0, row));
      tier.set_tier(TextOrEmpty(chunk, 1, row));
      *tier.mutable_since() = TimeAt(chunk, 2, row);
    }
  }));
  return tiers;
}

}  // namespace tierwise::duckdb
