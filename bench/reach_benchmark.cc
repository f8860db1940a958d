// SPDX-License-Identifier: Apache-2.0
// Reach among 1 and 10 million users (arguments: numbers of users) on two threads: a condition over two numbers and a
// text, counted by tier and by value with an overlap; against a bare loop over the same three columns on as many
// threads, in the same run, in seconds of CPU by thread. And what else scans the table: cuts, moving everybody, a
// preview. docs/tiers.md has results.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/ratio.h"
#include "bench/user_table_fill.h"
#include "experiments/audience/condition_text.h"
#include "experiments/audience/reach.h"
#include "experiments/audience/tier_changes.h"
#include "experiments/audience/tier_cuts.h"

namespace tierwise::bench {
namespace {

constexpr int kThreads = 2;
constexpr int kRepetitions = 3;

// Of CPU, shared out among the threads: what it takes where nothing else runs on as many cores. The median.
double SecondsOf(const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i < kRepetitions; ++i) {
    const double begin = CpuSeconds();
    work();
    seconds.push_back((CpuSeconds() - begin) / kThreads);
  }
  return Median(seconds);
}

// The same columns as plain arrays, and the loop that somebody would write for this one condition.
class BareLoop {
 public:
  explicit BareLoop(uint64_t users) : first_(users), second_(users), country_(users) {
    for (uint64_t i = 0; i < users; ++i) {
      const uint64_t key = KeyOfNumber(i);
      first_[i] = NumberOf(key, 0);
      second_[i] = NumberOf(key, 1);
      country_[i] = static_cast<uint32_t>(key % 20);
    }
  }

  int64_t Count() const {
    std::vector<int64_t> counts(kThreads);
    std::vector<std::thread> threads;
    for (size_t part = 0; part < kThreads; ++part) {
      threads.emplace_back([&, part] {
        int64_t count = 0;
        for (size_t i = first_.size() * part / kThreads; i < first_.size() * (part + 1) / kThreads; ++i) {
          count += first_[i] >= 500 && (second_[i] < 300 || country_[i] == 3 || country_[i] == 7) ? 1 : 0;
        }
        counts[part] = count;
      });
    }
    for (std::thread& thread : threads) thread.join();
    return counts[0] + counts[1];
  }

 private:
  std::vector<double> first_, second_;
  std::vector<uint32_t> country_;
};

void Report(const std::string& path, double limit, double ours, const std::string& target) {
  Print({path, limit > 0 ? absl::StrFormat("%.3f s", limit) : "", absl::StrFormat("%.3f s", ours),
         limit > 0 ? absl::StrFormat("%.1f", ours / limit) : "", target});
}

int Run(uint64_t users) {
  FilledTable filled(users, 4);
  const UserScan scan(filled.table);
  const auto compile = [&](const char* text) {
    return ConditionProgram(*ParseCondition(text), filled.schema, filled.definitions);
  };
  const ConditionProgram condition = compile("number0 >= 500 and (number1 < 300 or country in [\"C3\", \"C7\"])");
  const ConditionProgram overlap = compile("number2 >= 900");
  ReachQuery query;
  query.target.condition = &condition;
  const BareLoop bare(users);
  int64_t expected = 0;
  int64_t found = 0;
  const double limit = SecondsOf([&] { expected = bare.Count(); });
  const double count = SecondsOf([&] { found = ReachOf(scan, filled.schema, query, kThreads).users; });
  if (found != expected) {
    std::cerr << "reach is " << found << ", the loop found " << expected << std::endl;
    return 1;
  }
  const std::string of = absl::StrFormat(" of %d million users", users / 1'000'000);
  Report("reach" + of, limit, count, "< 1 s");
  query.by_tiers.tiering = "value";
  query.by_slot = *filled.schema.SlotOf("country");
  query.max_samples = 100;
  query.overlaps.resize(1);
  query.overlaps[0].condition = &overlap;
  Report("reach, by tier and value, overlap" + of, limit,
         SecondsOf([&] { ReachOf(scan, filled.schema, query, kThreads); }), "< 1 s");

  const v1::Tiering& tiering = *filled.definitions.FindTiering("value");
  v1::Tiering with_cuts;
  Report("cuts of quantiles" + of, 0,
         SecondsOf([&] { with_cuts = WithCuts(tiering, scan, filled.schema, 2, kThreads); }), "");
  Report("preview" + of, 0,
         SecondsOf([&] { PreviewTiering(scan, with_cuts, filled.schema, filled.definitions, 2, kThreads); }), "");
  Report("staging, moving everybody, commit" + of, 0, SecondsOf([&] {
           const std::unique_ptr<TableRefresh> refresh =
               *TableRefresh::Begin(filled.table, 2, TableRefresh::Derived::kKeep);
           MoveUsers(*refresh, with_cuts, filled.schema, filled.definitions, {.revision = 2, .threads = kThreads},
                     [](absl::Span<const TierMove>) {});
           refresh->Commit();
         }),
         "");
  return 0;
}

}  // namespace
}  // namespace tierwise::bench

int main(int argc, char** argv) {
  if (argc == 1) {
    const int status = tierwise::bench::Run(1'000'000);
    return status != 0 ? status : tierwise::bench::Run(10'000'000);
  }
  return tierwise::bench::Run(std::strtoull(argv[1], nullptr, 10));
}
