// SPDX-License-Identifier: Apache-2.0
// The way of users into tiers at scale: events taken in, a refresh with ten derived attributes, a refresh after 1 % of
// new events, reach, memory a user; and the same attributes and the same count by SQL on the same file, in the same
// run. Arguments: users and events in millions (default: 1 10), and a folder for the file, which is made and removed.
// Exits with 1 where ours and SQL do not agree.
#include <sys/resource.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "bench/ratio.h"
#include "bench/serving.h"
#include "experiments/base/proto_time.h"
#include "server/services/definition_edits.h"
#include "server/services/tier_answers.h"
#include "server/storage/duckdb/connection.h"
#include "server/tiers/refresh_run.h"

namespace tierwise {
namespace {

using bench::Check;
using bench::Checked;
using bench::ParseDefinitions;
using bench::Print;

constexpr int kThreads = 2;
constexpr int kBatch = 10'000;
constexpr int64_t kMicrosPerDay = 86'400'000'000;
constexpr int64_t kReachLimit = 250;                                              // of money
const absl::Time kAgain = absl::FromUnixMicros(absl::ToUnixMicros(absl::Now()));  // of the second refresh
const absl::Time kNow = kAgain - absl::Hours(24);

constexpr char kDefinitions[] = R"pb(
  definitions {
    attribute {
      id: "money"
      type: ATTRIBUTE_TYPE_DOUBLE
      derivation {
        aggregate: AGGREGATE_SUM
        events: "purchase"
        window { seconds: 31536000 }
      }
    }
  }
  definitions {
    attribute {
      id: "orders"
      type: ATTRIBUTE_TYPE_INT
      derivation { aggregate: AGGREGATE_COUNT events: "purchase" }
    }
  }
  definitions {
    attribute {
      id: "last_order_days"
      type: ATTRIBUTE_TYPE_DOUBLE
      derivation { aggregate: AGGREGATE_RECENCY_DAYS events: "purchase" }
    }
  }
  definitions {
    attribute {
      id: "tenure_days"
      type: ATTRIBUTE_TYPE_DOUBLE
      derivation { aggregate: AGGREGATE_TENURE_DAYS }
    }
  }
  definitions {
    attribute {
      id: "is_weekly"
      type: ATTRIBUTE_TYPE_BOOL
      derivation {
        aggregate: AGGREGATE_OCCURRED
        window { seconds: 604800 }
      }
    }
  }
  definitions {
    attribute {
      id: "active_days"
      type: ATTRIBUTE_TYPE_INT
      derivation {
        aggregate: AGGREGATE_ACTIVE_DAYS
        window { seconds: 2592000 }
      }
    }
  }
  definitions {
    attribute {
      id: "sessions"
      type: ATTRIBUTE_TYPE_INT
      derivation {
        aggregate: AGGREGATE_SESSIONS
        window { seconds: 2592000 }
      }
    }
  }
  definitions {
    attribute {
      id: "average_order"
      type: ATTRIBUTE_TYPE_DOUBLE
      derivation { aggregate: AGGREGATE_MEAN events: "purchase" }
    }
  }
  definitions {
    attribute {
      id: "trend"
      type: ATTRIBUTE_TYPE_DOUBLE
      derivation {
        aggregate: AGGREGATE_TREND
        window { seconds: 2592000 }
      }
    }
  }
  definitions {
    attribute {
      id: "stage"
      type: ATTRIBUTE_TYPE_STRING
      derivation { aggregate: AGGREGATE_LIFE_CYCLE events: "purchase" }
    }
  }
  definitions {
    tiering {
      id: "value"
      tiers { id: "head" }
      tiers { id: "waist" }
      tiers { id: "tail" }
      quantiles { attribute: "money" up_to_bp: 1000 up_to_bp: 5000 up_to_bp: 10000 }
    }
  }
  definitions {
    tiering {
      id: "activity"
      tiers { id: "active" }
      tiers { id: "quiet" }
      rules {
        rules {
          tier: "active"
          when { text: "active_days >= 2" }
        }
        otherwise: "quiet"
      }
    }
  })pb";

// The ten attributes by SQL, each event once; $0 is the moment.
constexpr char kSql[] = R"sql(
CREATE OR REPLACE TEMP TABLE derived AS
WITH once AS (
  SELECT user_key, name = (SELECT code FROM names WHERE name = 'purchase') AS is_order,
         min(time_micros) AS t, any_value(value) AS value
  FROM events WHERE time_micros <= $0 GROUP BY user_key, event_key, is_order),
spaced AS (
  SELECT *, t - lag(t) OVER (PARTITION BY user_key ORDER BY t) AS gap FROM once WHERE t >= $0 - 30 * $1),
sessions AS (
  SELECT user_key, count(*) FILTER (WHERE gap IS NULL OR gap > 1800000000) AS sessions FROM spaced GROUP BY user_key),
orders AS (
  SELECT *, t - lag(t) OVER (PARTITION BY user_key ORDER BY t) AS gap FROM once WHERE is_order),
stages AS (
  SELECT user_key, CASE WHEN min(t) >= $0 - 30 * $1 THEN 'new'
    WHEN max(t) >= $0 - 30 * $1 AND count(*) FILTER (WHERE gap >= 90 * $1 AND t >= $0 - 30 * $1) > 0 THEN 'won_back'
    WHEN max(t) >= $0 - 30 * $1 THEN 'active' WHEN max(t) > $0 - 90 * $1 THEN 'cooling' ELSE 'dormant' END AS stage
  FROM orders GROUP BY user_key),
plain AS (
  SELECT user_key, coalesce(sum(value) FILTER (WHERE is_order AND t >= $0 - 365 * $1), 0) AS money,
    count(*) FILTER (WHERE is_order) AS orders,
    ($0 - max(t) FILTER (WHERE is_order)) / $1 AS last_order_days, ($0 - min(t)) / $1 AS tenure_days,
    bool_or(t >= $0 - 7 * $1) AS is_weekly,
    count(DISTINCT t // $1) FILTER (WHERE t >= $0 - 30 * $1) AS active_days,
    avg(value) FILTER (WHERE is_order) AS average_order,
    count(*) FILTER (WHERE t >= $0 - 30 * $1) /
      nullif(count(*) FILTER (WHERE t >= $0 - 60 * $1 AND t < $0 - 30 * $1), 0) - 1 AS trend
  FROM once GROUP BY user_key)
SELECT plain.*, coalesce(sessions, 0) AS sessions, stage FROM plain LEFT JOIN sessions USING (user_key)
LEFT JOIN stages USING (user_key)
)sql";

double PeakGigabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e6;
}

// Events of users who differ in how often they come: three in ten are purchases, over 500 days.
class EventMaker {
 public:
  EventMaker(int64_t users, uint64_t seed) : users_(static_cast<double>(users)), random_(seed) {}

  std::vector<v1::Event> Batch(int64_t first_id, int size) {
    std::vector<v1::Event> events(static_cast<size_t>(size));
    for (int i = 0; i < size; ++i) {
      v1::Event& event = events[static_cast<size_t>(i)];
      const double u = uniform_(random_);
      // Half of the events are of a fifth of the users.
      const double rank = uniform_(random_) < 0.5 ? u * 0.2 : u;
      event.set_user_id(absl::StrCat("customer-", static_cast<int64_t>(rank * users_)));
      event.set_event_id(absl::StrCat(first_id + i));
      const bool is_order = uniform_(random_) < 0.3;
      event.set_name(is_order ? "purchase" : "visit");
      if (is_order) event.set_value(std::round(1 + 200 * uniform_(random_) * uniform_(random_)));
      const auto age = static_cast<int64_t>(500 * uniform_(random_) * static_cast<double>(kMicrosPerDay));
      *event.mutable_time() = ToProto(kAgain - absl::Microseconds(age));
    }
    return events;
  }

 private:
  double users_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> uniform_{0, 1};
};

void Import(EventLog& log, int64_t users, int64_t first_id, int64_t events) {
  std::vector<std::thread> writers;
  for (int w = 0; w < kThreads; ++w) {
    writers.emplace_back([&, w] {
      EventMaker maker(users, static_cast<uint64_t>(first_id + w));
      for (int64_t id = first_id + w * kBatch; id < first_id + events; id += kThreads * kBatch) {
        Check(log.AppendEvents(maker.Batch(id, static_cast<int>(std::min<int64_t>(kBatch, first_id + events - id))),
                               absl::Now()));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
}

v1::Refresh RunOnce(const RefreshScope& scope, absl::Time as_of) {
  v1::Refresh refresh;
  refresh.add_tierings("value");
  refresh.add_tierings("activity");
  *refresh.mutable_as_of() = ToProto(as_of);
  *refresh.mutable_start_time() = ToProto(absl::Now());
  refresh.set_actor("benchmark");
  refresh.set_id(Checked(scope.store.tiers->Begin(refresh)));
  return Checked(RunRefresh(scope, refresh, {[](absl::string_view, double) { return true; }, [] { return true; }}));
}

void Apply(LiveCatalog& catalog, const std::string& text) {
  const v1::ApplyDefinitionsRequest request = ParseDefinitions(text);
  Checked(catalog.Change({"benchmark", absl::Now(), false},
                         [&](const Definitions& present) { return ApplyEdits(present, request.definitions()); }));
}

// How long `body` takes, in seconds.
template <typename Body>
double Timed(Body body) {
  const absl::Time begin = absl::Now();
  body();
  return absl::ToDoubleSeconds(absl::Now() - begin);
}

struct Ours {
  double import_seconds = 0;
  double refresh_seconds = 0;
  double again_seconds = 0;
  double reach_seconds = 0;
  double start_seconds = 0;
  double bytes_a_user = 0;
  double share_computed = 0;  // by the second refresh
  int64_t reached = 0;
};

v1::EstimateReachResponse ReachOfCondition(LiveCatalog& catalog, LiveUsers& live, Store& store) {
  const CatalogView view = catalog.view();
  v1::EstimateReachRequest request;
  request.mutable_condition()->set_text(absl::StrCat("money >= ", kReachLimit, " and stage in [\"active\", \"new\"]"));
  const TierQuestion question{view, live.table(), store, absl::ToUnixMicros(kNow), kThreads};
  return Checked(AnswerEstimateReach(question, request));
}

Ours MeasureOurs(const std::string& path, int64_t users, int64_t events) {
  Ours ours;
  Store store = Checked(OpenStore({.path = path, .threads = kThreads}));
  std::unique_ptr<LiveCatalog> catalog = Checked(LiveCatalog::Open(*store.catalog));
  std::unique_ptr<LiveUsers> live = Checked(LiveUsers::Open(*catalog, store, kThreads));
  Apply(*catalog, kDefinitions);
  ours.import_seconds = Timed([&] { Import(*store.events, users, 0, events); });
  const RefreshScope scope{*catalog, store, *live, kThreads};
  v1::Refresh refresh;
  ours.refresh_seconds = Timed([&] { refresh = RunOnce(scope, kNow); });
  Import(*store.events, users, events, events / 100);
  ours.again_seconds = Timed([&] { refresh = RunOnce(scope, kAgain); });
  ours.share_computed = static_cast<double>(refresh.users_computed()) / static_cast<double>(refresh.users());
  ours.bytes_a_user = static_cast<double>(live->table().bytes()) / static_cast<double>(refresh.users());
  ours.reached = ReachOfCondition(*catalog, *live, store).users();
  ours.reach_seconds = Timed([&] { ReachOfCondition(*catalog, *live, store); });
  live.reset();
  ours.start_seconds = Timed([&] { live = Checked(LiveUsers::Open(*catalog, store, kThreads)); });
  if (ReachOfCondition(*catalog, *live, store).users() != ours.reached) {
    std::cerr << "a restart changed the reach" << std::endl;
    exit(1);
  }
  return ours;
}

int Main(int64_t users, int64_t events, const std::string& folder) {
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/tiers.duckdb";
  std::filesystem::remove(path);
  std::filesystem::remove(path + ".wal");
  const Ours ours = MeasureOurs(path, users, events);
  const double peak = PeakGigabytes();

  const duckdb::Database database =
      Checked(duckdb::Database::Open(path, std::vector<duckdb::Setting>{{"threads", "2"}}));
  duckdb::Connection connection = Checked(database.Connect());
  const double sql = Timed([&] {
    Check(connection.Run(
        absl::Substitute(kSql, absl::StrCat(absl::ToUnixMicros(kAgain)), absl::StrCat(kMicrosPerDay)).c_str()));
  });
  int64_t counted = 0;
  const double sql_reach = Timed([&] {
    counted = Checked(connection.ReadInteger(
        absl::StrCat("SELECT count(*) FROM derived WHERE money >= ", kReachLimit, " AND stage IN ('active', 'new')"),
        0));
  });
  const std::string scale = absl::StrFormat("%d M users, %d M events: ", users / 1'000'000, events / 1'000'000);
  const auto ratio = [](double a, double b) { return absl::StrFormat("%.2f", a / b); };
  Print({scale + "taking events in", "-",
         absl::StrFormat("%.0f k/s", static_cast<double>(events) / ours.import_seconds / 1e3), "", ""});
  Print({scale + "refresh, 10 derived attributes", absl::StrFormat("SQL %.1f s", sql),
         absl::StrFormat("%.1f s", ours.refresh_seconds), ratio(ours.refresh_seconds, sql), "10 M users: 60 s"});
  Print({absl::StrFormat("%sagain after 1 %% new, %.0f %% of users", scale, 100 * ours.share_computed),
         absl::StrFormat("the first %.1f s", ours.refresh_seconds), absl::StrFormat("%.1f s", ours.again_seconds),
         ratio(ours.again_seconds, ours.refresh_seconds), ""});
  Print({scale + "reach of a condition", absl::StrFormat("SQL %.0f ms", sql_reach * 1e3),
         absl::StrFormat("%.0f ms", ours.reach_seconds * 1e3), ratio(ours.reach_seconds, sql_reach), "<= 1 s"});
  Print({scale + "start of the server", "-", absl::StrFormat("%.1f s", ours.start_seconds), "", ""});
  Print({scale + "user table", "-", absl::StrFormat("%.0f bytes a user", ours.bytes_a_user), "", ""});
  Print({scale + "peak memory, store included", "-", absl::StrFormat("%.1f GB", peak), "", ""});
  if (counted == ours.reached) return 0;
  std::cerr << "reach is " << ours.reached << " by ours and " << counted << " by SQL" << std::endl;
  return 1;
}

}  // namespace
}  // namespace tierwise

int main(int argc, char** argv) {
  int64_t users = 1, events = 10;
  if (argc > 1 && (argc < 3 || !absl::SimpleAtoi(argv[1], &users) || !absl::SimpleAtoi(argv[2], &events))) {
    std::cerr << "Usage: tiers_benchmark [USERS EVENTS [FOLDER]], both in millions" << std::endl;
    return 2;
  }
  const std::string folder =
      argc > 3 ? argv[3] : (std::filesystem::path(argv[0]).parent_path() / "../bench-data").string();
  const int result = tierwise::Main(users * 1'000'000, events * 1'000'000, folder);
  std::filesystem::remove(folder + "/tiers.duckdb");
  std::filesystem::remove(folder + "/tiers.duckdb.wal");
  return result;
}
