// SPDX-License-Identifier: Apache-2.0
// kill -9 of the server while facts come in: what was acknowledged is there exactly once.
#include <signal.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/connection.h"
#include "tests/e2e/end_to_end.h"
#include "tests/e2e/hillstrom.h"
#include "tierwise/v1/event_service.pb.h"

namespace tierwise {
namespace {

using nlohmann::json;

constexpr int kBatches =
    60;  // each the events of one user, who is alone in a tier: a report shows every batch by itself
constexpr int kEventsPerBatch = 200;
constexpr int kSenders = 4;
constexpr int kRounds = 5;

class KillTest : public EndToEndTest {
 protected:
  // A campaign of kBatches tiers, one exposed user in each, and a metric that counts the user's events.
  void DefineTicks() {
    std::string tiers, rules, exposures = "user_id,tier\n";
    for (int batch = 0; batch < kBatches; ++batch) {
      absl::StrAppend(&tiers, "  - id: t", batch, "\n");
      absl::StrAppend(&rules, "    - {tier: t", batch, ", when: batch = ", batch, "}\n");
      absl::StrAppend(&exposures, "u", batch, ",t", batch, "\n");
    }
    const CommandResult applied = Apply(absl::StrCat(
        "kind: Attribute\nid: batch\ntype: int\n---\nkind: Tiering\nid: batches\ntiers:\n", tiers,
        "  - id: rest\nrules:\n  rules:\n", rules,
        "  otherwise: rest\n---\nkind: Metric\nid: ticks\ncount: {event: tick}\nwindow: 14d\n---\n",
        "kind: Campaign\nid: clock\ntiering: batches\nvariants: [{id: a, control: true}, {id: b}]\n",
        "tier_plans: [{tier: \"*\", arms: [{variant: a, weight: 1}, {variant: b, weight: 1}]}]\nmetrics: [ticks]\n"));
    ASSERT_EQ(applied.exit_code, 0) << applied.err;
    MustTierwise({"launch", "clock"});
    WriteFile(folder_.File("exposures.csv"), exposures);
    MustTierwise({"import", "exposures", "--file", folder_.File("exposures.csv"), "--set", "campaign=clock", "--set",
                  "variant=a", "--set", "time=2026-01-01T00:00:00Z"});
  }

  // Sends a batch; the same round and batch are the same events. Returns whether it was acknowledged.
  static bool Send(const Connection& connection, int round, int batch) {
    v1::RecordEventsRequest request;
    for (int i = 0; i < kEventsPerBatch; ++i) {
      v1::Event& event = *request.add_events();
      event.set_user_id(absl::StrCat("u", batch));
      event.set_event_id(absl::StrCat(round, "-", i));
      event.set_name("tick");
      event.mutable_time()->set_seconds(1767225600 + 60 + i);  // from a minute after the exposure on
    }
    v1::RecordEventsResponse response;
    return connection.Call(request, &response).ok() && response.accepted() == kEventsPerBatch;
  }

  std::unique_ptr<Connection> Connect() const {
    return std::make_unique<Connection>(
        ConnectionOptions{.server = server_.address(), .timeout = absl::Seconds(30), .actor = "clock"});
  }

  // Sends all batches from several threads, and kills the server after `acknowledged_before_kill` answers. Returns
  // which were acknowledged.
  std::array<bool, kBatches> SendUntilKilled(int round, int acknowledged_before_kill) {
    std::array<bool, kBatches> acknowledged{};
    std::atomic<int> count = 0;
    std::atomic<int> at_work = kSenders;
    std::vector<std::jthread> senders;
    for (int sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([&, sender, connection = Connect()] {
        for (size_t batch = static_cast<size_t>(sender); batch < kBatches; batch += kSenders) {
          acknowledged[batch] = Send(*connection, round, static_cast<int>(batch));
          if (acknowledged[batch]) ++count;
        }
        --at_work;
      });
    }
    while (count < acknowledged_before_kill && at_work > 0) absl::SleepFor(absl::Microseconds(200));
    server_.Kill();
    senders.clear();
    return acknowledged;
  }

  // Sends again until it is acknowledged.
  void MustSendAll(int round) {
    const auto connection = Connect();
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    for (int batch = 0; batch < kBatches;) {
      if (Send(*connection, round, batch)) {
        ++batch;
      } else {
        ASSERT_LT(absl::Now(), deadline) << "the server takes nothing in after its restart";
        absl::SleepFor(absl::Milliseconds(50));
      }
    }
  }

  // Events counted for each batch's user.
  std::vector<int> Counts() const {
    std::vector<int> counts(kBatches, -1);
    const json report = MustJson({"report", "clock", "--json"});
    for (const json& arm : report.at("metrics").at(0).at("arms")) {
      const std::string tier = arm.at("tier");
      if (arm.at("variant") != "a" || tier.empty() || tier == "rest") continue;
      counts[std::stoul(tier.substr(1))] = static_cast<int>(arm.at("total").get<double>());
    }
    return counts;
  }

  std::mt19937 random_{2026};
};

TEST_F(KillTest, AcknowledgedBatchesAreThereWholeAndOnce) {
  ASSERT_NO_FATAL_FAILURE(DefineTicks());
  int unacknowledged = 0;
  for (int round = 0; round < kRounds; ++round) {
    const int kill_after = std::uniform_int_distribution(1, kBatches / 2)(random_);
    SCOPED_TRACE(absl::StrCat("round ", round, ", killed after ", kill_after, " answers"));
    const auto acknowledged = SendUntilKilled(round, kill_after);
    server_.Restart();
    const std::vector<int> counts = Counts();
    const int before = round * kEventsPerBatch;
    for (size_t batch = 0; batch < kBatches; ++batch) {
      if (acknowledged[batch]) {
        EXPECT_EQ(counts[batch], before + kEventsPerBatch) << "batch " << batch;
      } else {
        ++unacknowledged;
        EXPECT_THAT(counts[batch], testing::AnyOf(before, before + kEventsPerBatch)) << "batch " << batch;
      }
    }
    ASSERT_NO_FATAL_FAILURE(MustSendAll(round));
    EXPECT_THAT(Counts(), testing::Each(before + kEventsPerBatch));
  }
  EXPECT_GT(unacknowledged, 0) << "no kill came while batches were on their way: nothing was tested";
  EXPECT_EQ(server_.Stop(), 0);
  server_.Restart();
  EXPECT_THAT(Counts(), testing::Each(kRounds * kEventsPerBatch));
}

class KilledImportTest : public EndToEndTest {
 protected:
  struct Step {
    std::string kind, mapping;
  };

  std::vector<std::string> ImportCommand(const Step& step) const {
    const std::string example = kHillstromExample;
    return {"import",    step.kind, "--file",  example + "/cells.csv", "--mapping", example + "/import/" + step.mapping,
            "--rejects", rejects_,  "--state", folder_.File("."),      "--json"};
  }

  Process Start(const Step& step) const {
    std::vector<std::string> command = ImportCommand(step);
    command.insert(command.begin(), kCommandBinary);
    return Process({.command = command, .environment = CommandEnvironment(server_.address()), .input = ""});
  }

  // Waits until the import has had its first answer, or has ended, and a random moment more.
  void WaitForAnswer(Process& import) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (!std::filesystem::exists(checkpoint_) && import.IsRunning() && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    absl::SleepFor(absl::Milliseconds(std::uniform_int_distribution(0, 50)(random_)));
  }

  // Rows acknowledged, as the import's checkpoint has them.
  int64_t AcknowledgedRows() const {
    std::ifstream file(checkpoint_);
    return file ? json::parse(file).at("rows").get<int64_t>() : 0;
  }

  const std::string checkpoint_ = folder_.File("cells.csv.tierwise-import.json");
  const std::string rejects_ = folder_.File("rejected.csv");
  std::mt19937 random_{20080320};
};

TEST_F(KilledImportTest, AnImportGoesOnWhenTheServerIsBack) {
  MustTierwise({"apply", "-f", kHillstromExample});
  MustTierwise({"launch", "hillstrom"});
  for (const Step& step : {Step{"profiles", "profiles.yaml"}, Step{"exposures", "exposures.yaml"},
                           Step{"events", "visits.yaml"}, Step{"events", "purchases.yaml"}}) {
    SCOPED_TRACE(step.mapping);
    Process import = Start(step);
    WaitForAnswer(import);
    server_.Kill();
    server_.Restart();
    EXPECT_EQ(import.Wait(absl::Seconds(120)), 0) << import.Err();
  }
  ExpectPublishedFigures(MustJson({"report", "hillstrom", "--json"}));
}

TEST_F(KilledImportTest, AKilledImportIsResumedWhereItStopped) {
  MustTierwise({"apply", "-f", kHillstromExample});
  MustTierwise({"launch", "hillstrom"});
  const Step profiles{"profiles", "profiles.yaml"}, exposures{"exposures", "exposures.yaml"};
  MustTierwise(ImportCommand(profiles));
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    {
      Process import = Start(exposures);
      WaitForAnswer(import);
      server_.Kill();
      import.Signal(SIGKILL);
      import.Wait(absl::Seconds(10));
    }
    server_.Restart();
    EXPECT_GE(MustJson({"report", "hillstrom", "--json"}).at("cohort").at("users"), AcknowledgedRows());
  }
  const int64_t acknowledged = AcknowledgedRows();
  EXPECT_GT(acknowledged, 0) << "no kill came during the import: nothing was tested";
  const json summary = MustJson(ImportCommand(exposures));
  EXPECT_EQ(summary.at("rows"), 64000);
  EXPECT_EQ(summary.at("resumed"), acknowledged);
  EXPECT_EQ(summary.at("accepted"), 64000 - acknowledged);
  MustTierwise(ImportCommand({"events", "visits.yaml"}));
  MustTierwise(ImportCommand({"events", "purchases.yaml"}));
  ExpectPublishedFigures(MustJson({"report", "hillstrom", "--json"}));
}

}  // namespace
}  // namespace tierwise
