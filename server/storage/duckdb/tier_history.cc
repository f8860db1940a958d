// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/tier_history.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {
namespace {

constexpr char kColumns[] =
    "id, state, tierings, as_of_micros, start_micros, coalesce(end_micros, -1), users, users_computed, users_moved, "
    "actor, error, fingerprint, last_sequence";

std::string TextAt(const Chunk& chunk, size_t column, size_t row) { return std::string(chunk.TextAt(column, row)); }

int64_t Micros(const google::protobuf::Timestamp& time) { return absl::ToUnixMicros(FromProto(time)); }

RefreshRecord RecordAt(const Chunk& chunk, size_t row) {
  RefreshRecord record{{}, TextAt(chunk, 11, row)};
  v1::Refresh& refresh = record.refresh;
  refresh.set_id(chunk.At<int64_t>(0, row));
  refresh.set_state(static_cast<v1::RefreshState>(chunk.At<int32_t>(1, row)));
  for (absl::string_view tiering : absl::StrSplit(chunk.TextAt(2, row), ',', absl::SkipEmpty())) {
    refresh.add_tierings(tiering.data(), tiering.size());
  }
  const auto time_at = [&](size_t column) { return ToProto(absl::FromUnixMicros(chunk.At<int64_t>(column, row))); };
  *refresh.mutable_as_of() = time_at(3);
  *refresh.mutable_start_time() = time_at(4);
  if (chunk.At<int64_t>(5, row) >= 0) *refresh.mutable_end_time() = time_at(5);
  refresh.set_progress(refresh.state() == v1::REFRESH_STATE_SUCCEEDED ? 1.0 : 0.0);
  refresh.set_users(chunk.At<int64_t>(6, row));
  refresh.set_users_computed(chunk.At<int64_t>(7, row));
  refresh.set_users_moved(chunk.At<int64_t>(8, row));
  refresh.set_actor(TextAt(chunk, 9, row));
  refresh.set_error(TextAt(chunk, 10, row));
  return record;
}

absl::StatusOr<std::vector<RefreshRecord>> Records(Statement& statement) {
  std::vector<RefreshRecord> records;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size(); ++row) records.push_back(RecordAt(chunk, row));
  }));
  return records;
}

// Codes of names in the dictionary, new ones if need be.
absl::StatusOr<std::vector<uint32_t>> CodesOf(Engine& engine, const std::vector<std::string>& names) {
  std::vector<uint32_t> codes(names.size());
  TIERWISE_RETURN_IF_ERROR(engine.Write(static_cast<int64_t>(names.size()), [&](WriteSession& session) -> absl::Status {
    for (size_t i = 0; i < names.size(); ++i) {
      TIERWISE_ASSIGN_OR_RETURN(codes[i], session.facts.CodeOf(names[i]));
    }
    return absl::OkStatus();
  }));
  return codes;
}

// An outcome with its names as codes.
struct CodedOutcome {
  const TieringOutcome& outcome;
  uint32_t tiering;
  std::vector<uint32_t> from_tiers;
  std::vector<uint32_t> tiers;
};

absl::StatusOr<CodedOutcome> Coded(Engine& engine, const TieringOutcome& outcome) {
  CodedOutcome coded{outcome, 0, {}, {}};
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<uint32_t> tiering, CodesOf(engine, {outcome.tiering}));
  coded.tiering = tiering.front();
  TIERWISE_ASSIGN_OR_RETURN(coded.from_tiers, CodesOf(engine, outcome.from_tiers));
  TIERWISE_ASSIGN_OR_RETURN(coded.tiers, CodesOf(engine, outcome.tiers));
  return coded;
}

absl::Status AppendMoves(Connection& connection, const v1::Refresh& refresh, absl::Span<const CodedOutcome> outcomes,
                         int64_t& last_sequence) {
  TIERWISE_ASSIGN_OR_RETURN(Appender appender, Appender::Create(connection, "tier_moves"));
  const int64_t time_micros = Micros(refresh.as_of());
  for (const CodedOutcome& coded : outcomes) {
    for (const UserMove& move : coded.outcome.moves) {
      TIERWISE_RETURN_IF_ERROR(appender.BeginRow());
      appender.Set<int64_t>(0, ++last_sequence);
      appender.Set<int64_t>(1, refresh.id());
      appender.Set<uint32_t>(2, coded.tiering);
      appender.Set<uint64_t>(3, move.user_key);
      if (move.from == UserMove::kNone) {
        appender.SetNull(4);
      } else {
        appender.Set<uint32_t>(4, coded.from_tiers[static_cast<size_t>(move.from)]);
      }
      appender.Set<uint32_t>(5, coded.tiers[static_cast<size_t>(move.to)]);
      appender.Set<int64_t>(6, time_micros);
    }
  }
  return appender.Flush();
}

absl::Status AppendSizes(Connection& connection, const v1::Refresh& refresh, absl::Span<const CodedOutcome> outcomes) {
  TIERWISE_ASSIGN_OR_RETURN(Appender appender, Appender::Create(connection, "tier_sizes"));
  for (const CodedOutcome& coded : outcomes) {
    for (size_t tier = 0; tier < coded.tiers.size(); ++tier) {
      TIERWISE_RETURN_IF_ERROR(appender.BeginRow());
      appender.Set<int64_t>(0, refresh.id());
      appender.Set<uint32_t>(1, coded.tiering);
      appender.Set<int64_t>(2, coded.outcome.revision);
      appender.Set<int32_t>(3, static_cast<int32_t>(tier));
      appender.Set<uint32_t>(4, coded.tiers[tier]);
      appender.Set<int64_t>(5, coded.outcome.sizes[tier]);
    }
  }
  return appender.Flush();
}

absl::Status ReplacePending(Connection& connection, absl::Span<const CodedOutcome> outcomes) {
  for (const CodedOutcome& coded : outcomes) {
    TIERWISE_RETURN_IF_ERROR(
        connection.Run(absl::StrCat("DELETE FROM tier_pending WHERE tiering = ", coded.tiering).c_str()));
  }
  TIERWISE_ASSIGN_OR_RETURN(Appender appender, Appender::Create(connection, "tier_pending"));
  for (const CodedOutcome& coded : outcomes) {
    for (const PendingTier& pending : coded.outcome.pending) {
      TIERWISE_RETURN_IF_ERROR(appender.BeginRow());
      appender.Set<uint32_t>(0, coded.tiering);
      appender.Set<uint64_t>(1, pending.user_key);
      appender.Set<uint32_t>(2, coded.tiers[static_cast<size_t>(pending.tier)]);
      appender.Set<int32_t>(3, pending.confirmations);
    }
  }
  return appender.Flush();
}

absl::Status WriteEnd(Connection& connection, const RefreshRecord& record, int64_t last_sequence) {
  const v1::Refresh& refresh = record.refresh;
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("UPDATE tier_refreshes SET state = ?, end_micros = ?, users = ?, users_computed = ?, "
                         "users_moved = ?, error = ?, fingerprint = ?, last_sequence = ? WHERE id = ?"));
  statement.Bind(1, refresh.state())
      .Bind(2, Micros(refresh.end_time()))
      .Bind(3, refresh.users())
      .Bind(4, refresh.users_computed())
      .Bind(5, refresh.users_moved())
      .BindText(6, refresh.error())
      .BindText(7, record.fingerprint)
      .Bind(8, last_sequence)
      .Bind(9, refresh.id());
  return statement.Execute().status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TierHistory>> DuckDbTierHistory::Open(std::shared_ptr<Engine> engine,
                                                                     DuckDbCatalog& catalog) {
  std::unique_ptr<DuckDbTierHistory> history(new DuckDbTierHistory(std::move(engine), catalog));
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, history->engine_->Connect());
  TIERWISE_RETURN_IF_ERROR(connection.Run(
      absl::StrCat("UPDATE tier_refreshes SET state = ", v1::REFRESH_STATE_CANCELLED,
                   ", end_micros = start_micros, error = 'the server ended' WHERE state = ", v1::REFRESH_STATE_RUNNING)
          .c_str()));
  TIERWISE_ASSIGN_OR_RETURN(
      history->last_refresh_,
      connection.ReadInteger(
          absl::StrCat("SELECT max(id) FROM tier_refreshes WHERE state = ", v1::REFRESH_STATE_SUCCEEDED), 0));
  return history;
}

absl::StatusOr<int64_t> DuckDbTierHistory::Begin(const v1::Refresh& refresh) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(const int64_t last, connection.ReadInteger("SELECT max(id) FROM tier_refreshes", 0));
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT INTO tier_refreshes SELECT ?, ?, ?, ?, ?, NULL, 0, 0, 0, ?, '', '', "
                         "coalesce(max(last_sequence), 0) FROM tier_refreshes"));
  statement.Bind(1, last + 1)
      .Bind(2, v1::REFRESH_STATE_RUNNING)
      .BindText(3, absl::StrJoin(refresh.tierings(), ","))
      .Bind(4, Micros(refresh.as_of()))
      .Bind(5, Micros(refresh.start_time()))
      .BindText(6, refresh.actor());
  TIERWISE_RETURN_IF_ERROR(statement.Execute().status());
  return last + 1;
}

absl::Status DuckDbTierHistory::Commit(const RefreshRecord& record, absl::Span<const TieringOutcome> outcomes,
                                       const CatalogCommit* definitions) {
  std::vector<CodedOutcome> coded;
  for (const TieringOutcome& outcome : outcomes) {
    TIERWISE_ASSIGN_OR_RETURN(CodedOutcome each, Coded(*engine_, outcome));
    coded.push_back(std::move(each));
  }
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  const auto write = [&]() -> absl::Status {
    TIERWISE_ASSIGN_OR_RETURN(int64_t last_sequence,
                              connection.ReadInteger("SELECT max(last_sequence) FROM tier_refreshes", 0));
    TIERWISE_RETURN_IF_ERROR(AppendMoves(connection, record.refresh, coded, last_sequence));
    TIERWISE_RETURN_IF_ERROR(AppendSizes(connection, record.refresh, coded));
    TIERWISE_RETURN_IF_ERROR(ReplacePending(connection, coded));
    return WriteEnd(connection, record, last_sequence);
  };
  if (definitions == nullptr) {
    TIERWISE_RETURN_IF_ERROR(InTransaction(connection, write));
  } else {
    const absl::Status status = catalog_.CommitIn(*definitions, [&](DuckDbCatalog::Write write_definitions) {
      return InTransaction(connection, [&]() -> absl::Status {
        TIERWISE_RETURN_IF_ERROR(write_definitions(connection));
        return write();
      });
    });
    TIERWISE_RETURN_IF_ERROR(status);
  }
  last_refresh_ = record.refresh.id();
  return absl::OkStatus();
}

absl::Status DuckDbTierHistory::End(const v1::Refresh& refresh) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(const int64_t last_sequence,
                            connection.ReadInteger("SELECT max(last_sequence) FROM tier_refreshes", 0));
  return WriteEnd(connection, {refresh, ""}, last_sequence);
}

absl::StatusOr<std::optional<v1::Refresh>> DuckDbTierHistory::Find(int64_t id) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare(absl::StrCat("SELECT ", kColumns, " FROM tier_refreshes WHERE id = ?")));
  statement.Bind(1, id);
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<RefreshRecord> records, Records(statement));
  if (records.empty()) return std::optional<v1::Refresh>();
  return records.front().refresh;
}

absl::StatusOr<std::vector<v1::Refresh>> DuckDbTierHistory::List(int64_t before, int limit) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare(absl::StrCat(
                                "SELECT ", kColumns, " FROM tier_refreshes WHERE id < ? ORDER BY id DESC LIMIT ?")));
  statement.Bind(1, before == 0 ? std::numeric_limits<int64_t>::max() : before).Bind(2, limit);
  TIERWISE_ASSIGN_OR_RETURN(std::vector<RefreshRecord> records, Records(statement));
  std::vector<v1::Refresh> refreshes;
  for (RefreshRecord& record : records) refreshes.push_back(std::move(record.refresh));
  return refreshes;
}

absl::StatusOr<std::optional<RefreshRecord>> DuckDbTierHistory::LastSucceeded() {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare(absl::StrCat("SELECT ", kColumns, " FROM tier_refreshes WHERE state = ",
                                                            v1::REFRESH_STATE_SUCCEEDED, " ORDER BY id DESC LIMIT 1")));
  TIERWISE_ASSIGN_OR_RETURN(std::vector<RefreshRecord> records, Records(statement));
  if (records.empty()) return std::optional<RefreshRecord>();
  return std::move(records.front());
}

absl::StatusOr<std::vector<TieringRefresh>> DuckDbTierHistory::LastOfTierings() {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT g.name, s.revision, r.as_of_micros, t.name, r.end_micros FROM tier_sizes s "
                         "JOIN (SELECT tiering, max(refresh) AS refresh FROM tier_sizes GROUP BY tiering) last "
                         "USING (tiering, refresh) JOIN tier_refreshes r ON r.id = s.refresh "
                         "JOIN names g ON g.code = s.tiering JOIN names t ON t.code = s.tier "
                         "ORDER BY g.name, s.position"));
  std::vector<TieringRefresh> tierings;
  TIERWISE_RETURN_IF_ERROR(ForEachChunk(statement, [&](const Chunk& chunk) {
    for (size_t row = 0; row < chunk.size(); ++row) {
      std::string tiering = TextAt(chunk, 0, row);
      if (tierings.empty() || tierings.back().tiering != tiering) {
        tierings.push_back({std::move(tiering),
                            chunk.At<int64_t>(1, row),
                            absl::FromUnixMicros(chunk.At<int64_t>(2, row)),
                            absl::FromUnixMicros(chunk.At<int64_t>(4, row)),
                            {}});
      }
      tierings.back().tiers.push_back(TextAt(chunk, 3, row));
    }
  }));
  return tierings;
}

}  // namespace tierwise::duckdb
