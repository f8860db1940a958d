// SPDX-License-Identifier: Apache-2.0
// What `tierwise-server` promises as a process: its options, its exit codes, its log, how it stops.
#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/connection.h"
#include "grpc/health/v1/health.pb.h"
#include "tests/e2e/end_to_end.h"
#include "tests/e2e/shop.h"
#include "tierwise/v1/assignment_service.grpc.pb.h"

namespace tierwise {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

CommandResult RunServer(const std::vector<std::string>& flags) {
  std::vector<std::string> command = {kServerBinary};
  command.insert(command.end(), flags.begin(), flags.end());
  Process process({.command = command, .environment = {}, .input = ""});
  const int exit_code = process.Wait(absl::Seconds(30));
  return {exit_code, process.Out(), process.Err()};
}

TEST(ServerOptionsTest, HelpAndVersionPrintAndEnd) {
  const CommandResult help = RunServer({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("--store"), HasSubstr("Examples:"), HasSubstr("Exit codes:")));
  EXPECT_THAT(RunServer({"--version"}).out, HasSubstr("tierwise-server 0."));
}

TEST(ServerOptionsTest, TheExampleConfigFileIsAccepted) {
  const CommandResult check = RunServer({"--config", TIERWISE_SOURCE_DIR "/deploy/tierwise-server.toml", "--check"});
  EXPECT_EQ(check.exit_code, 0) << check.err;
}

TEST(ServerOptionsTest, EveryWrongOptionIsListed) {
  const TemporaryFolder folder;
  WriteFile(folder.File("bad.toml"), "store = \"/no/such/folder/x.duckdb\"\nlog-levle = \"info\"\nmax-threads = 1\n");
  EXPECT_THAT(RunServer({"--config", folder.File("bad.toml"), "--listen", "nowhere", "--shutdown-grace", "soon"}),
              FailsWith(2, AllOf(HasSubstr("--store: "), HasSubstr("log-levle: "), HasSubstr("--max-threads: "),
                                 HasSubstr("--listen: "), HasSubstr("--shutdown-grace: "))));
}

class ServerProcessTest : public EndToEndTest {};

TEST_F(ServerProcessTest, ASecondServerOnTheStoreSaysSo) {
  EXPECT_THAT(RunServer({"--listen", "127.0.0.1:0", "--store", folder_.File("store.duckdb")}),
              FailsWith(1, HasSubstr("store.duckdb")));
  MustTierwise({"health"});
}

TEST_F(ServerProcessTest, ASecondServerOnThePortSaysSo) {
  EXPECT_THAT(RunServer({"--listen", server_.address(), "--store", folder_.File("other.duckdb")}),
              FailsWith(1, AllOf(HasSubstr(server_.address()), HasSubstr("--listen"))));
  MustTierwise({"health"});
}

TEST_F(ServerProcessTest, AFileThatIsNoStoreIsLeftAlone) {
  const std::string path = folder_.File("notes.txt");
  const std::string notes = "not a database\n";
  WriteFile(path, notes);
  EXPECT_THAT(RunServer({"--listen", "127.0.0.1:0", "--store", path}), FailsWith(1, HasSubstr("notes.txt")));
  EXPECT_EQ(std::filesystem::file_size(path), notes.size());
}

TEST_F(ServerProcessTest, AfterAGracefulStopTheStoreIsOneFile) {
  ASSERT_EQ(Apply(kShop).exit_code, 0);
  const std::string before = Catalog();
  EXPECT_EQ(server_.Stop(), 0);
  EXPECT_TRUE(std::filesystem::exists(folder_.File("store.duckdb")));
  EXPECT_FALSE(std::filesystem::exists(folder_.File("store.duckdb.wal")));
  std::filesystem::copy_file(folder_.File("store.duckdb"), folder_.File("backup.duckdb"));
  const ServerProcess restored(folder_.File("backup.duckdb"));
  EXPECT_EQ(RunCommand(restored.address(), {"list", "--json"}).out +
                RunCommand(restored.address(), {"history", "--json"}).out,
            before);
}

// Watches the server's health until the server ends it. Thread-safe.
class HealthWatch {
 public:
  explicit HealthWatch(const std::string& address)
      : connection_({.server = address, .timeout = absl::Seconds(60), .actor = ""}), watcher_([this] { Watch(); }) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (Seen().empty() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
  }

  std::vector<int> Seen() const {
    const std::lock_guard guard(lock_);
    return seen_;
  }

  std::vector<int> SeenToTheEnd() {
    watcher_.join();
    return seen_;
  }

 private:
  void Watch() {
    const absl::Status ended = connection_.Stream(
        "/grpc.health.v1.Health/Watch", {HealthCheckRequest().SerializeAsString()}, [this](absl::string_view bytes) {
          HealthCheckResponse response;
          response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
          const std::lock_guard guard(lock_);
          seen_.push_back(response.status());
          return absl::OkStatus();
        });
    EXPECT_EQ(ended.code(), absl::StatusCode::kUnavailable) << ended;
  }

  const Connection connection_;
  mutable std::mutex lock_;
  std::vector<int> seen_;
  std::jthread watcher_;
};

TEST_F(ServerProcessTest, SigtermStopsItWhileStreamsAreOpen) {
  ASSERT_EQ(Apply(kShop).exit_code, 0);
  HealthWatch health(server_.address());
  const auto stub =
      v1::AssignmentService::NewStub(grpc::CreateChannel(server_.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext call;
  call.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(60)));
  const auto stream = stub->AssignStream(&call);
  v1::AssignStreamRequest request;
  request.mutable_request()->set_user_id("u1");
  request.mutable_request()->add_campaigns("spring");
  v1::AssignStreamResponse response;
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));

  const absl::Time start = absl::Now();
  EXPECT_EQ(server_.Stop(), 0);
  EXPECT_LT(absl::Now() - start, absl::Seconds(15)) << "the grace is 5 s";
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(health.SeenToTheEnd(),
              testing::ElementsAre(HealthCheckResponse::SERVING, HealthCheckResponse::NOT_SERVING));
  EXPECT_THAT(server_.Log(), AllOf(HasSubstr("stopping"), HasSubstr("stopped")));
  EXPECT_EQ(Tierwise({"health"}).exit_code, 6);
}

TEST(ServerLogTest, AJsonLogIsOneObjectALine) {
  const TemporaryFolder folder;
  ServerProcess server(folder.File("store \"quoted\".duckdb"), {"--log-format", "json", "--log-level", "debug"});
  EXPECT_EQ(RunCommand(server.address(), {"list"}).exit_code, 0);
  EXPECT_EQ(server.Stop(), 0);
  std::istringstream log(server.Log());
  std::vector<std::string> messages;
  for (std::string line; std::getline(log, line);) {
    const json entry = json::parse(line, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(entry.is_object()) << line;
    absl::Time time;
    EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, entry.at("time").get<std::string>(), &time, nullptr)) << line;
    EXPECT_THAT(entry.at("level"), testing::AnyOf("debug", "info", "warning", "error"));
    messages.push_back(entry.at("message"));
  }
  EXPECT_THAT(messages, testing::IsSupersetOf({"serving", "stopping", "stopped"}));
}

}  // namespace
}  // namespace tierwise
