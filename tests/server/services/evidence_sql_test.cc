// SPDX-License-Identifier: Apache-2.0
// The evidence of random worlds, gathered from a store, against SQL that says the rules of docs/evidence.md in the
// plainest way and is run on the same file by DuckDB.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "google/protobuf/text_format.h"
#include "server/services/campaign_evidence.h"
#include "server/storage/duckdb/connection.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

constexpr int64_t kHour = 3600;
constexpr int kUsers = 700;
constexpr int kDeliveries = 4;  // calls that append, each received a day after the one before
constexpr int kExposuresADelivery = 400;
constexpr int kEventsADelivery = 1500;

constexpr char kCampaign[] = R"pb(
  id: "spring"
  variants { id: "none" control: true }
  variants { id: "ten" }
  variants { id: "twenty" }
  tier_plans {
    tier: "gold"
    phase: 2
    arms { variant: "none" weight: 1 }
    arms { variant: "ten" weight: 1 }
  }
  tier_plans {
    tier: "*"
    phase: 1
    arms { variant: "none" weight: 1 }
    arms { variant: "twenty" weight: 2 }
  })pb";
constexpr char kTiering[] = R"pb(id: "value"
                                 tiers { id: "gold" }
                                 tiers { id: "silver" }
                                 tiers { id: "basic" })pb";
constexpr const char* kMetrics[] = {R"pb(id: "ordered"
                                         conversion { event: "order" }
                                         window { seconds: 604800 })pb",
                                    R"pb(id: "ordered_later"
                                         conversion { event: "order" }
                                         window { seconds: 432000 }
                                         delay { seconds: 86400 })pb",
                                    R"pb(id: "visits"
                                         count { event: "visit" }
                                         window { seconds: 259200 }
                                         delay { seconds: 7200 }
                                         cap: 3)pb",
                                    R"pb(id: "revenue"
                                         sum { event: "order" }
                                         window { seconds: 864000 }
                                         covariate_window { seconds: 1209600 })pb",
                                    R"pb(id: "came_back"
                                         retention { event: "visit" }
                                         window { seconds: 604800 }
                                         delay { seconds: 172800 }
                                         covariate_window { seconds: 604800 })pb",
                                    R"pb(id: "capped_revenue"
                                         sum { event: "order" }
                                         window { seconds: 864000 }
                                         cap_quantile: 0.9
                                         covariate_window { seconds: 1209600 })pb",
                                    R"pb(id: "order_value"
                                         ratio {
                                           numerator { sum { event: "order" } }
                                           denominator { count { event: "order" } }
                                         }
                                         window { seconds: 604800 }
                                         delay { seconds: 3600 })pb",
                                    R"pb(id: "orders_a_visit"
                                         ratio {
                                           numerator { count { event: "order" } }
                                           denominator { conversion { event: "visit" } }
                                         }
                                         window { seconds: 604800 }
                                         covariate_window { seconds: 604800 })pb"};

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// Facts at whole hours, so that many are at the same moment and on the edges of windows.
class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {}

  std::vector<v1::Exposure> Exposures() {
    std::vector<v1::Exposure> exposures;
    for (int i = 0; i < kExposuresADelivery; ++i) {
      const uint64_t user = Below(kUsers);
      // Mostly the user's own variant and tier; "thirty" and "iron" are none of the campaign's.
      const char* variant = Chance(0.85) ? Pick({"none", "ten", "twenty"}, user) : Any({"none", "ten", "thirty"});
      const char* tier = Chance(0.8) ? Pick({"gold", "silver", "basic"}, user / 3) : Any({"silver", "gold", "iron"});
      v1::Exposure exposure =
          MakeExposure(UserId(user), variant, tier, SomeTime(10, 16), Chance(0.95) ? "spring" : "autumn");
      const bool is_gold = exposure.tier() == "gold";
      exposure.set_phase(Chance(0.85) ? (is_gold ? 2 : 1) : static_cast<uint32_t>(1 + Below(3)));
      exposure.set_forced(Chance(0.02));
      exposures.push_back(exposure);
    }
    return exposures;
  }

  // Some are copies of earlier ones, and some of those differ from what they copy.
  std::vector<v1::Event> Events() {
    std::vector<v1::Event> events;
    for (int i = 0; i < kEventsADelivery; ++i) {
      v1::Event event;
      if (Chance(0.15) && !sent_.empty()) {
        event = sent_[Below(sent_.size())];
        if (Chance(0.3)) SetTime(SomeTime(0, 32), *event.mutable_time());
        if (Chance(0.3)) event.set_value(SomeValue());
      } else {
        // Ids are unique for a user only.
        event = MakeEvent(UserId(Below(kUsers * 11 / 10)), absl::StrCat("e", Below(2000)),
                          Any({"order", "order", "visit", "refund"}), SomeTime(0, 32), SomeValue());
        if (Chance(0.1)) event.clear_value();
      }
      sent_.push_back(event);
      events.push_back(event);
    }
    return events;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(double probability) { return static_cast<double>(random_() >> 11) * 0x1p-53 < probability; }
  static const char* Pick(const std::vector<const char*>& of, uint64_t index) { return of[index % of.size()]; }
  const char* Any(const std::vector<const char*>& of) { return Pick(of, random_()); }
  static std::string UserId(uint64_t user) { return absl::StrCat("user-", user); }
  absl::Time SomeTime(int64_t first_day, int64_t end_day) {
    const auto hours = static_cast<uint64_t>(24 * (end_day - first_day));
    return At(kHour * (24 * first_day + static_cast<int64_t>(Below(hours))));
  }
  double SomeValue() { return static_cast<double>(Below(40'000)) / 100 - 20; }

  std::mt19937_64 random_;
  std::vector<v1::Event> sent_;
};

// A database session that only a test needs.
class Sql {
 public:
  explicit Sql(const std::string& path)
      : database_(*duckdb::Database::Open(path, {})), connection_(*database_.Connect()) {}

  void Run(const std::string& sql) {
    const absl::Status status = connection_.Run(sql.c_str());
    EXPECT_TRUE(status.ok()) << status << "\n" << sql;
  }

  // The rows of a query, all of whose columns are cast to DOUBLE.
  std::vector<std::vector<double>> Rows(const std::string& sql, size_t columns) {
    std::vector<std::vector<double>> rows;
    auto statement = connection_.Prepare(absl::StrCat("SELECT COLUMNS(*)::DOUBLE FROM (", sql, ")"));
    EXPECT_TRUE(statement.ok()) << statement.status() << "\n" << sql;
    auto result = statement->Execute();
    EXPECT_TRUE(result.ok()) << result.status() << "\n" << sql;
    for (;;) {
      auto chunk = result->Next();
      EXPECT_TRUE(chunk.ok()) << chunk.status();
      if (*chunk == nullptr) return rows;
      for (size_t row = 0; row < (*chunk)->size(); ++row) {
        std::vector<double>& values = rows.emplace_back();
        for (size_t c = 0; c < columns; ++c)
          values.push_back((*chunk)->IsNull(c, row) ? 0 : (*chunk)->At<double>(c, row));
      }
    }
  }

 private:
  duckdb::Database database_;
  duckdb::Connection connection_;
};

// Every exposed user with the first exposure and the class that docs/evidence.md gives the user.
constexpr char kCohort[] = R"sql(
CREATE TEMP TABLE tiers AS FROM (VALUES ('gold', 0, 2), ('silver', 1, 1), ('basic', 2, 1)) t(id, place, phase);
CREATE TEMP TABLE variants AS FROM (VALUES ('none', 0), ('ten', 1), ('twenty', 2)) v(id, place);
CREATE TEMP TABLE shown AS
SELECT e.user_id, e.time_micros, e.forced, t.place AS tier, v.place AS variant,
       coalesce(sign(e.phase::INTEGER - t.phase), 0) AS standing
FROM exposures e
JOIN names cn ON cn.code = e.campaign JOIN names tn ON tn.code = e.tier JOIN names vn ON vn.code = e.variant
LEFT JOIN tiers t ON t.id = tn.name LEFT JOIN variants v ON v.id = vn.name
WHERE cn.name = 'spring' AND e.received_micros <= $0;
CREATE TEMP TABLE firsts AS
SELECT * FROM shown
QUALIFY row_number() OVER (PARTITION BY user_id
                           ORDER BY time_micros, tier NULLS LAST, variant NULLS LAST, standing) = 1;
CREATE TEMP TABLE classified AS
SELECT f.*, CASE
  WHEN user_id IN (SELECT user_id FROM shown WHERE forced) THEN 'forced'
  WHEN tier IS NULL OR variant IS NULL OR standing > 0 THEN 'unknown cell'
  WHEN standing < 0 THEN 'earlier phase'
  WHEN user_id IN (SELECT s.user_id FROM shown s JOIN firsts g ON g.user_id = s.user_id
                   WHERE s.standing >= 0 AND s.variant IS DISTINCT FROM g.variant) THEN 'two variants'
  ELSE 'analysed' END AS class
FROM firsts f;
CREATE TEMP TABLE cohort AS SELECT user_id, time_micros AS first, tier, variant FROM classified WHERE class = 'analysed';
)sql";

// One number for each user of the cohort: `$0` of the deduplicated events named `$1` in [first + $2, first + $3) that
// were received by `$4`.
constexpr char kOutcome[] = R"sql(
SELECT c.user_id, coalesce($0, 0) AS x FROM cohort c LEFT JOIN (
  SELECT e.user_id, e.event_id, coalesce(e.value, 0) AS amount
  FROM events e JOIN names n ON n.code = e.name JOIN cohort k ON k.user_id = e.user_id
  WHERE n.name = '$1' AND e.time_micros >= k.first + $2 AND e.time_micros < k.first + $3 AND e.received_micros <= $4
  QUALIFY row_number() OVER (PARTITION BY e.user_id, e.event_id ORDER BY e.time_micros, amount) = 1
) o ON o.user_id = c.user_id GROUP BY c.user_id)sql";

template <typename Message>
std::string OutcomeSql(const Message& kind, const v1::Metric& metric, bool is_covariate, int64_t as_of) {
  std::string number = "max(CASE WHEN event_id IS NULL THEN 0 ELSE 1 END)", event = kind.conversion().event();
  if (kind.has_count()) number = "count(event_id)", event = kind.count().event();
  if (kind.has_sum()) number = "coalesce(sum(amount), 0)", event = kind.sum().event();
  if (metric.has_cap()) number = absl::StrFormat("least(%s, %.17g)", number, metric.cap());
  const int64_t delay = metric.delay().seconds() * 1'000'000;
  const int64_t begin = is_covariate ? -metric.covariate_window().seconds() * 1'000'000 : delay;
  const int64_t end = is_covariate ? 0 : delay + metric.window().seconds() * 1'000'000;
  return absl::Substitute(kOutcome, number, event, begin, end, as_of);
}

// Of each variable of a metric, in the order of JointMoments.
std::vector<std::string> OutcomesSql(const v1::Metric& metric, int64_t as_of) {
  std::vector<std::string> variables;
  for (const bool is_covariate : {false, true}) {
    if (is_covariate && !metric.has_covariate_window()) continue;
    if (metric.has_retention()) {
      v1::Metric conversion = metric;
      conversion.mutable_conversion()->set_event(metric.retention().event());
      variables.push_back(OutcomeSql(conversion, metric, is_covariate, as_of));
    } else if (metric.has_ratio()) {
      variables.push_back(OutcomeSql(metric.ratio().numerator(), metric, is_covariate, as_of));
      variables.push_back(OutcomeSql(metric.ratio().denominator(), metric, is_covariate, as_of));
    } else {
      variables.push_back(OutcomeSql(metric, metric, is_covariate, as_of));
    }
  }
  return variables;
}

void ExpectClose(double actual, double expected, double scale) {
  EXPECT_NEAR(actual, expected, 1e-9 * std::max(std::abs(expected), scale));
}

class EvidenceSqlTest : public testing::TestWithParam<uint64_t> {
 protected:
  EvidenceSqlTest() : as_of_(At(kHour * 24 * (20 + static_cast<int64_t>(GetParam() % kDeliveries)))) {
    Store store = *OpenStore({.path = folder_.File("store.duckdb")});
    World world(GetParam());
    for (int delivery = 0; delivery < kDeliveries; ++delivery) {
      const absl::Time received = At(kHour * 24 * (20 + delivery));
      EXPECT_TRUE(store.events->AppendExposures(world.Exposures(), received).ok());
      EXPECT_TRUE(store.events->AppendEvents(world.Events(), received).ok());
    }
    EvidenceRequest request{FromText<v1::Campaign>(kCampaign), FromText<v1::Tiering>(kTiering), {}, as_of_, 2};
    for (const char* metric : kMetrics) request.metrics.push_back(FromText<v1::Metric>(metric));
    auto data = GatherEvidence({*store.events}, request);
    EXPECT_TRUE(data.ok()) << data.status();
    data_ = *std::move(data);
    for (const v1::Metric& metric : request.metrics) {
      metrics_.push_back(metric);
      if (!metric.has_cap() && !metric.has_cap_quantile()) continue;
      metrics_.push_back(metric);
      metrics_.back().clear_cap();
      metrics_.back().clear_cap_quantile();
    }
    EXPECT_EQ(data_.metrics.size(), metrics_.size());
    store = {};
    sql_ = std::make_unique<Sql>(folder_.File("store.duckdb"));
    sql_->Run(absl::Substitute(kCohort, absl::ToUnixMicros(as_of_)));
  }

  int64_t Count(const std::string& condition) {
    return static_cast<int64_t>(sql_->Rows(absl::StrCat("SELECT count(*) FROM classified WHERE ", condition), 1)[0][0]);
  }

  // The cap of a metric with cap_quantile: by rank among the covariates above 0.
  double FoundCap(const v1::Metric& metric) {
    const std::string covariates = OutcomeSql(metric, metric, true, absl::ToUnixMicros(as_of_));
    const auto rows = sql_->Rows(absl::StrCat("SELECT x FROM (", covariates, ") WHERE x > 0 ORDER BY x"), 1);
    EXPECT_GT(rows.size(), 10u);
    const auto rank = static_cast<size_t>(std::ceil(metric.cap_quantile() * static_cast<double>(rows.size()) - 1e-9));
    return rows[rank - 1][0];
  }

  TemporaryFolder folder_;
  const absl::Time as_of_;
  std::vector<v1::Metric> metrics_;  // those gathered: each with a cap is followed by itself without
  CampaignData data_;
  std::unique_ptr<Sql> sql_;
};

TEST_P(EvidenceSqlTest, EveryUserIsInTheClassThatSqlFinds) {
  const std::map<std::string, int64_t> counted = {{"analysed", data_.TotalUsers()},
                                                  {"forced", data_.forced_users},
                                                  {"unknown cell", data_.users_in_unknown_cells},
                                                  {"earlier phase", data_.users_of_earlier_phases},
                                                  {"two variants", data_.users_in_two_variants}};
  for (const auto& [name, users] : counted) {
    EXPECT_EQ(users, Count(absl::StrCat("class = '", name, "'"))) << name;
    EXPECT_GT(users, 0) << "the world has no user of the class " << name;
  }
  for (size_t tier = 0; tier < 3; ++tier) {
    for (size_t variant = 0; variant < 3; ++variant) {
      EXPECT_EQ(data_.users[data_.CellOf(tier, variant)],
                Count(absl::Substitute("class = 'analysed' AND tier = $0 AND variant = $1", tier, variant)));
    }
  }
}

TEST_P(EvidenceSqlTest, OpenWindowsAndTimesAreThoseOfTheSql) {
  const std::vector<double> times = sql_->Rows("SELECT min(first), max(first) FROM cohort", 2)[0];
  EXPECT_EQ(static_cast<double>(absl::ToUnixMicros(data_.first_exposure)), times[0]);
  EXPECT_EQ(static_cast<double>(absl::ToUnixMicros(data_.last_exposure)), times[1]);
  for (size_t m = 0; m < metrics_.size(); ++m) {
    const int64_t length = (metrics_[m].delay().seconds() + metrics_[m].window().seconds()) * 1'000'000;
    EXPECT_EQ(
        data_.metrics[m].users_with_open_window,
        Count(absl::Substitute("class = 'analysed' AND time_micros + $0 > $1", length, absl::ToUnixMicros(as_of_))))
        << metrics_[m].id();
  }
}

TEST_P(EvidenceSqlTest, MomentsAreThoseOfTheSql) {
  for (size_t m = 0; m < metrics_.size(); ++m) {
    SCOPED_TRACE(metrics_[m].id());
    ASSERT_EQ(data_.metrics[m].id, metrics_[m].id());
    v1::Metric metric = metrics_[m];
    if (metric.has_cap_quantile()) {
      metric.set_cap(FoundCap(metric));
      metric.clear_cap_quantile();
      EXPECT_NEAR(data_.metrics[m].found_cap.value(), metric.cap(), 1e-9 * metric.cap());
    }
    const std::vector<std::string> outcomes = OutcomesSql(metric, absl::ToUnixMicros(as_of_));
    std::string columns = "tier, variant, count(*)", joins = "cohort c";
    for (size_t i = 0; i < outcomes.size(); ++i) {
      sql_->Run(absl::StrCat("CREATE OR REPLACE TEMP TABLE outcome", i, " AS ", outcomes[i]));
      absl::StrAppend(&joins, absl::Substitute(" JOIN outcome$0 o$0 ON o$0.user_id = c.user_id", i));
      absl::StrAppend(&columns, absl::Substitute(", sum(o$0.x), sum(o$0.x * o$0.x)", i));
      for (size_t j = 0; j <= i; ++j) absl::StrAppend(&columns, absl::Substitute(", covar_samp(o$0.x, o$1.x)", j, i));
    }
    const size_t width = 3 + 2 * outcomes.size() + outcomes.size() * (outcomes.size() + 1) / 2;
    const auto rows = sql_->Rows(absl::Substitute("SELECT $0 FROM $1 GROUP BY tier, variant", columns, joins), width);
    EXPECT_GE(rows.size(), 6u);
    for (const std::vector<double>& row : rows) {
      const size_t cell = data_.CellOf(static_cast<size_t>(row[0]), static_cast<size_t>(row[1]));
      const JointMoments& moments = data_.metrics[m].cells[cell];
      ASSERT_EQ(static_cast<double>(moments.n()), row[2]);
      const auto n = static_cast<double>(moments.n());
      size_t column = 3;
      for (int i = 0; i < moments.size(); ++i) {
        ExpectClose(n * moments.mean(i), row[column++], n * std::sqrt(moments.Covariance(i, i)));
        ExpectClose(moments.comoment(i, i) + n * moments.mean(i) * moments.mean(i), row[column++], 0);
        for (int j = 0; j <= i; ++j) {
          ExpectClose(moments.Covariance(j, i), row[column++],
                      std::sqrt(moments.Covariance(i, i) * moments.Covariance(j, j)));
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Worlds, EvidenceSqlTest, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace tierwise
