// SPDX-License-Identifier: Apache-2.0
// A report over 10 million exposures and 3 million events in a store's file: our scan and join against the
// straightforward SQL, both on 2 threads, in turns; then what the service takes when nothing has changed. The file is
// made once and kept; the argument is the folder for it (default: bench-data beside bin/). Exits with 1 where the two
// do not agree.
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "bench/ratio.h"
#include "bench/serving.h"
#include "server/services/campaign_evidence.h"
#include "server/storage/duckdb/connection.h"
#include "server/storage/store.h"
#include "tierwise/v1/report_service.grpc.pb.h"

namespace tierwise {
namespace {

using bench::ChannelTo;
using bench::Check;
using bench::Checked;
using bench::LaunchSpring;
using bench::ParseDefinitions;
using bench::Serve;

constexpr int64_t kExposures = 10'000'000;
constexpr int64_t kEvents = 3'000'000;
constexpr int64_t kUsers = 8'000'000;
constexpr int kThreads = 2;
constexpr int kRounds = 3;
constexpr int kUnchangedReports = 21;
constexpr char kFile[] = "report-1.duckdb";  // another number where what is made changes

constexpr char kDefinitions[] = R"pb(
  definitions { attribute { id: "spend" type: ATTRIBUTE_TYPE_DOUBLE } }
  definitions {
    tiering {
      id: "value"
      tiers { id: "gold" }
      tiers { id: "silver" }
      tiers { id: "bronze" }
      tiers { id: "basic" }
      rules {
        rules {
          tier: "gold"
          when { text: "spend >= 1000" }
        }
        rules {
          tier: "silver"
          when { text: "spend >= 300" }
        }
        rules {
          tier: "bronze"
          when { text: "spend >= 100" }
        }
        otherwise: "basic"
      }
    }
  }
  definitions {
    metric {
      id: "ordered"
      conversion { event: "order" }
      window { seconds: 1209600 }
    }
  }
  definitions {
    metric {
      id: "revenue"
      sum { event: "order" }
      window { seconds: 1209600 }
    }
  }
  definitions {
    metric {
      id: "visits"
      count { event: "visit" }
      window { seconds: 1209600 }
    }
  }
  definitions {
    campaign {
      id: "spring"
      tiering: "value"
      metrics: "ordered"
      metrics: "revenue"
      metrics: "visits"
      variants { id: "none" control: true }
      variants { id: "ten" }
      tier_plans {
        tier: "*"
        arms { variant: "none" weight: 1 }
        arms { variant: "ten" weight: 1 }
      }
    }
  })pb";

// Users are exposed 1.25 times on average within 30 days, one of 1,000 exposures in the other arm. Events are of 45
// days; one of 50 is sent twice. Rows are made inside DuckDB, much faster than by appending them through the store.
constexpr char kFacts[] = R"sql(
INSERT INTO names VALUES (0, 'spring'), (1, 'none'), (2, 'ten'), (3, 'gold'), (4, 'silver'), (5, 'bronze'), (6, 'basic'),
                         (7, 'order'), (8, 'visit');
INSERT INTO exposures
SELECT hash(u), 1700000000000000 + (hash(i + 1) % 2592000000000)::BIGINT, 0,
       1 + (u + CASE WHEN i % 1000 = 0 THEN 1 ELSE 0 END) % 2, 3 + u // 2 % 4, 1, false, 0.5,
       1700000000000000 + i, 'user-' || u
FROM (SELECT i, (hash(i) % $2)::BIGINT AS u FROM range($0) t(i));
INSERT INTO events
SELECT hash(u), 1700000000000000 + (hash(i + 2) % 3888000000000)::BIGINT, 7 + i % 2, hash(-i), i % 10000 / 100,
       1700000000000000 + i, 'user-' || u, 'event-' || i, NULL
FROM (SELECT i, (hash(-i - 1) % $2)::BIGINT AS u FROM (SELECT CASE WHEN i % 50 = 0 THEN i + 1 ELSE i END AS i
                                                       FROM range($1) t(i)));
)sql";

// What an analyst writes: first exposures, users seen in one variant, events counted once and inside the window, one
// number a user, moments a cell. On the stored integer keys, which is faster than on the ids.
constexpr char kReportSql[] = R"sql(
WITH firsts AS (
  SELECT user_key, min(time_micros) AS first, arg_min(tier, time_micros) AS tier, min(variant) AS variant
  FROM exposures WHERE campaign = 0 AND received_micros <= $0 AND NOT forced
  GROUP BY user_key HAVING min(variant) = max(variant)
), counted AS (
  SELECT DISTINCT user_key, event_key, name, time_micros, coalesce(value, 0) AS value FROM events
  WHERE name IN (7, 8) AND received_micros <= $0
), outcomes AS (
  SELECT f.user_key,
         max(CASE WHEN e.name = 7 THEN 1 ELSE 0 END) AS ordered,
         sum(CASE WHEN e.name = 7 THEN e.value ELSE 0 END) AS revenue,
         sum(CASE WHEN e.name = 8 THEN 1 ELSE 0 END) AS visits
  FROM firsts f JOIN counted e ON e.user_key = f.user_key
  WHERE e.time_micros >= f.first AND e.time_micros < f.first + 1209600000000
  GROUP BY f.user_key
)
SELECT tier::DOUBLE - 3, variant::DOUBLE - 1, count(*)::DOUBLE,
       avg(coalesce(ordered, 0)), var_samp(coalesce(ordered, 0)),
       avg(coalesce(revenue, 0)), var_samp(coalesce(revenue, 0)),
       avg(coalesce(visits, 0)), var_samp(coalesce(visits, 0))
FROM firsts f LEFT JOIN outcomes o ON o.user_key = f.user_key
GROUP BY tier, variant)sql";

struct Cost {
  double seconds;
  double cpu_seconds;
};

template <typename F>
Cost CostOf(F work) {
  const auto begin = std::chrono::steady_clock::now();
  const double cpu = bench::CpuSeconds();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), bench::CpuSeconds() - cpu};
}

double PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void MakeFile(const std::string& path) {
  std::cerr << "making " << path << ", once" << std::endl;
  const std::string unfinished = path + ".unfinished";
  for (const char* suffix : {"", ".wal"}) std::filesystem::remove(unfinished + suffix);
  LaunchSpring(*Serve(unfinished), kDefinitions);
  {
    auto database = Checked(duckdb::Database::Open(unfinished, {}));
    auto connection = Checked(database.Connect());
    Check(connection.Run(absl::Substitute(kFacts, kExposures, kEvents, kUsers).c_str()));
    Check(connection.Run("CHECKPOINT"));
  }
  std::filesystem::rename(unfinished, path);
}

// In a process of its own, so that the peak of memory is the report's.
void MakeFileApart(const std::string& path) {
  if (std::filesystem::exists(path)) return;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const pid_t maker = fork();
  if (maker < 0) abort();
  if (maker == 0) {
    MakeFile(path);
    _exit(0);
  }
  int status = 0;
  if (waitpid(maker, &status, 0) != maker || status != 0) exit(1);
}

EvidenceRequest Request() {
  const v1::ApplyDefinitionsRequest definitions = ParseDefinitions(kDefinitions);
  EvidenceRequest request;
  for (const v1::Definition& definition : definitions.definitions()) {
    if (definition.has_tiering()) request.tiering = definition.tiering();
    if (definition.has_metric()) request.metrics.push_back(definition.metric());
    if (definition.has_campaign()) request.campaign = definition.campaign();
  }
  request.campaign.mutable_tier_plans(0)->set_phase(1);
  request.as_of = absl::Now();
  request.threads = kThreads;
  return request;
}

Cost CostOfJoin(const std::string& path, const EvidenceRequest& request, CampaignData& data) {
  const Store store = Checked(OpenStore({.path = path, .threads = kThreads}));
  return CostOf([&] { data = Checked(GatherEvidence({*store.events}, request)); });
}

using SqlRows = std::vector<std::vector<double>>;

Cost CostOfSql(const std::string& path, absl::Time as_of, SqlRows& rows) {
  auto database = Checked(duckdb::Database::Open(path, {{{"threads", absl::StrCat(kThreads)}}}));
  auto connection = Checked(database.Connect());
  rows.clear();
  return CostOf([&] {
    auto statement = Checked(connection.Prepare(absl::Substitute(kReportSql, absl::ToUnixMicros(as_of))));
    auto result = Checked(statement.Execute());
    while (const auto chunk = Checked(result.Next())) {
      for (size_t row = 0; row < chunk->size(); ++row) {
        std::vector<double>& values = rows.emplace_back();
        for (size_t c = 0; c < 9; ++c) values.push_back(chunk->At<double>(c, row));
      }
    }
  });
}

bool Near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::abs(b); }

bool Agree(const CampaignData& data, const SqlRows& rows) {
  if (rows.size() != data.users.size()) return false;
  for (const std::vector<double>& row : rows) {
    const size_t cell = data.CellOf(static_cast<size_t>(row[0]), static_cast<size_t>(row[1]));
    if (static_cast<double>(data.users[cell]) != row[2]) return false;
    for (size_t m = 0; m < data.metrics.size(); ++m) {
      const Moments moments = data.metrics[m].cells[cell].Marginal(0);
      if (!Near(moments.mean, row[3 + 2 * m]) || !Near(moments.Variance(), row[4 + 2 * m])) return false;
    }
  }
  return true;
}

void MeasureUnchanged(const std::string& path, double join_seconds) {
  const auto server = Serve(path);
  const auto reports = v1::ReportService::NewStub(ChannelTo(server->port()));
  v1::GetReportRequest request;
  request.set_campaign("spring");
  std::vector<double> seconds;
  for (int i = 0; i <= kUnchangedReports; ++i) {
    grpc::ClientContext context;
    v1::GetReportResponse response;
    seconds.push_back(CostOf([&] { Check(reports->GetReport(&context, request, &response)); }).seconds);
  }
  const double first = seconds.front();
  seconds.erase(seconds.begin());
  const double unchanged = bench::Median(seconds);
  std::cout << absl::StrFormat("first report over gRPC %.2f s, unchanged one %.2f ms", first, unchanged * 1e3)
            << std::endl;
  bench::Print({"report by gRPC, nothing new", absl::StrFormat("joined anew %.2f s", join_seconds),
                absl::StrFormat("%.2f ms", unchanged * 1e3), absl::StrFormat("%.5f", unchanged / join_seconds),
                "milliseconds"});
}

int Run(const std::string& path) {
  MakeFileApart(path);
  const EvidenceRequest request = Request();
  std::vector<double> join_seconds, sql_seconds, ratios, cpu_ratios;
  double peak_megabytes = 0.0;
  for (int round = 0; round < kRounds; ++round) {
    CampaignData data;
    SqlRows rows;
    const Cost join = CostOfJoin(path, request, data);
    if (round == 0) peak_megabytes = PeakMegabytes();
    const Cost sql = CostOfSql(path, request.as_of, rows);
    join_seconds.push_back(join.seconds);
    sql_seconds.push_back(sql.seconds);
    ratios.push_back(join.seconds / sql.seconds);
    cpu_ratios.push_back(join.cpu_seconds / sql.cpu_seconds);
    std::cout << absl::StrFormat("join %.2f s (CPU %.2f s), SQL %.2f s (CPU %.2f s), %d users", join.seconds,
                                 join.cpu_seconds, sql.seconds, sql.cpu_seconds, data.TotalUsers())
              << std::endl;
    if (!Agree(data, rows)) {
      std::cerr << "the join and the SQL do not agree" << std::endl;
      return 1;
    }
  }
  std::cout << absl::StrFormat("report by CPU: %.2f", bench::Median(cpu_ratios)) << std::endl;
  bench::Print({"report, 10 M exposures, 3 M events",
                absl::StrFormat("SQL in DuckDB %.2f s", bench::Median(sql_seconds)),
                absl::StrFormat("%.2f s", bench::Median(join_seconds)), absl::StrFormat("%.2f", bench::Median(ratios)),
                "<= 0.25"});
  bench::Print({"its peak memory, store included", "1 GB", absl::StrFormat("%.2f GB", peak_megabytes / 1000),
                absl::StrFormat("%.2f", peak_megabytes / 1000), "<= 1"});
  MeasureUnchanged(path, bench::Median(join_seconds));
  return 0;
}

}  // namespace
}  // namespace tierwise

int main(int argc, char** argv) {
  const std::filesystem::path folder =
      argc > 1 ? argv[1] : std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bench-data";
  return tierwise::Run((folder / tierwise::kFile).string());
}
