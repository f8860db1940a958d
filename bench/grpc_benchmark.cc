// SPDX-License-Identifier: Apache-2.0
// Assign over gRPC, one user a call, one stream, 1,000 users a batch, against two echoes that answer with the same
// bytes: a raw one, which does not even parse its requests, and one that has gRPC parse and serialize the same
// messages. All three serve on loopback from this process, with the client beside them, and are measured in turns. Then
// the CPU that a batch costs without the transport.
#include <grpcpp/grpcpp.h>
#include <stdlib.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/assign_messages.h"
#include "bench/ratio.h"
#include "bench/serving.h"
#include "server/services/arena_messages.h"
#include "server/services/assignment_calls.h"
#include "server/services/live_catalog.h"
#include "server/storage/store.h"
#include "tierwise/v1/assignment_service.grpc.pb.h"

namespace tierwise {
namespace {

using bench::Check;
using bench::Checked;

using Service = v1::AssignmentService;
using Stub = Service::Stub;
using std::chrono::steady_clock;

constexpr int kRounds = 12;
constexpr std::chrono::milliseconds kTurn(250);
constexpr int kUnaryCallers = 8;
constexpr int kBatchCallers = 2;
constexpr int kStreamWindow = 64;  // requests under way on the stream

// What the echoes answer: what we answered to the same request.
struct Answers {
  v1::AssignResponse unary;
  v1::AssignStreamResponse stream;
  v1::AssignBatchResponse batch;
};

// Reads a message, writes the same answer each time.
template <typename Request, typename Response>
class EchoStream final : public grpc::ServerBidiReactor<Request, Response> {
 public:
  explicit EchoStream(const Response& answer) : answer_(answer) { this->StartRead(&request_); }
  void OnReadDone(bool ok) override {
    if (ok) {
      this->StartWrite(&answer_);
    } else {
      this->Finish(grpc::Status::OK);
    }
  }
  void OnWriteDone(bool ok) override {
    if (ok) this->StartRead(&request_);
  }
  void OnDone() override { delete this; }

 private:
  Request request_;
  const Response answer_;
};

grpc::ServerUnaryReactor* FinishOk(grpc::CallbackServerContext* context) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

class ParsingEcho final : public Service::CallbackService {
 public:
  explicit ParsingEcho(const Answers& answers) : answers_(answers) {}
  grpc::ServerUnaryReactor* Assign(grpc::CallbackServerContext* context, const v1::AssignRequest*,
                                   v1::AssignResponse* response) override {
    *response = answers_.unary;
    return FinishOk(context);
  }
  grpc::ServerUnaryReactor* AssignBatch(grpc::CallbackServerContext* context, const v1::AssignBatchRequest*,
                                        v1::AssignBatchResponse* response) override {
    *response = answers_.batch;
    return FinishOk(context);
  }
  grpc::ServerBidiReactor<v1::AssignStreamRequest, v1::AssignStreamResponse>* AssignStream(
      grpc::CallbackServerContext*) override {
    return new EchoStream<v1::AssignStreamRequest, v1::AssignStreamResponse>(answers_.stream);
  }

 private:
  const Answers& answers_;
};

grpc::ByteBuffer BytesOf(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

class RawEcho final
    : public Service::WithRawCallbackMethod_Assign<
          Service::WithRawCallbackMethod_AssignBatch<Service::WithRawCallbackMethod_AssignStream<Service::Service>>> {
 public:
  explicit RawEcho(const Answers& answers)
      : unary_(BytesOf(answers.unary)), stream_(BytesOf(answers.stream)), batch_(BytesOf(answers.batch)) {}
  grpc::ServerUnaryReactor* Assign(grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                                   grpc::ByteBuffer* response) override {
    *response = unary_;
    return FinishOk(context);
  }
  grpc::ServerUnaryReactor* AssignBatch(grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                                        grpc::ByteBuffer* response) override {
    *response = batch_;
    return FinishOk(context);
  }
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AssignStream(grpc::CallbackServerContext*) override {
    return new EchoStream<grpc::ByteBuffer, grpc::ByteBuffer>(stream_);
  }

 private:
  const grpc::ByteBuffer unary_, stream_, batch_;
};

std::unique_ptr<Stub> StubOn(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return Service::NewStub(
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments));
}

// An echo on a free port.
struct EchoServer {
  explicit EchoServer(grpc::Service& service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
  }
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

// Calls `call` on as many threads as `callers` says until the turn is over. Returns calls a second.
double ClosedLoop(int callers, std::chrono::milliseconds turn, const std::function<void()>& call) {
  std::atomic<int64_t> calls = 0;
  const auto begin = steady_clock::now();
  const auto end = begin + turn;
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      for (; steady_clock::now() < end; ++calls) call();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(calls) / std::chrono::duration<double>(steady_clock::now() - begin).count();
}

double UnaryUsersASecond(Stub& stub) {
  const v1::AssignRequest request = bench::UserRequest(17);
  return ClosedLoop(kUnaryCallers, kTurn, [&] {
    grpc::ClientContext context;
    v1::AssignResponse response;
    Check(stub.Assign(&context, request, &response));
  });
}

double BatchUsersASecond(Stub& stub) {
  const v1::AssignBatchRequest request = bench::BatchRequest();
  return bench::kUsersABatch * ClosedLoop(kBatchCallers, kTurn, [&] {
           grpc::ClientContext context;
           v1::AssignBatchResponse response;
           Check(stub.AssignBatch(&context, request, &response));
         });
}

double StreamUsersASecond(Stub& stub) {
  grpc::ClientContext context;
  const auto stream = stub.AssignStream(&context);
  std::counting_semaphore<kStreamWindow> window(kStreamWindow);
  const auto begin = steady_clock::now();
  std::thread writer([&] {
    v1::AssignStreamRequest request;
    *request.mutable_request() = bench::UserRequest(17);
    for (uint64_t id = 0; steady_clock::now() < begin + kTurn; ++id) {
      window.acquire();
      request.set_request_id(id);
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  int64_t answers = 0;
  v1::AssignStreamResponse response;
  for (; stream->Read(&response); ++answers) window.release();
  writer.join();
  Check(stream->Finish());
  return static_cast<double>(answers) / std::chrono::duration<double>(steady_clock::now() - begin).count();
}

struct Form {
  const char* name;
  double (*users_a_second)(Stub&);
};
constexpr Form kForms[] = {{"Assign, unary", UnaryUsersASecond},
                           {"Assign, one stream", StreamUsersASecond},
                           {"Assign, batches of 1,000", BatchUsersASecond}};

// How fast one server was, turn by turn. What else runs on the machine slows users a second, but hardly users a second
// of this process's CPU.
struct Speeds {
  std::vector<double> users_a_second;
  std::vector<double> users_a_cpu_second;

  void Measure(const Form& form, Stub& stub) {
    const double cpu = bench::CpuSeconds();
    const auto begin = steady_clock::now();
    users_a_second.push_back(form.users_a_second(stub));
    const double seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
    users_a_cpu_second.push_back(users_a_second.back() * seconds / (bench::CpuSeconds() - cpu));
  }
};

void PrintComparison(const std::string& path, const Speeds& limit, const Speeds& ours) {
  const auto text = [](const std::vector<double>& speeds) {
    return absl::StrFormat("%.1f k users/s", bench::Median(speeds) / 1000);
  };
  const auto ratio = [](const std::vector<double>& numerators, const std::vector<double>& denominators) {
    std::vector<double> ratios;
    for (size_t i = 0; i < numerators.size(); ++i) ratios.push_back(numerators[i] / denominators[i]);
    return absl::StrFormat("%.2f", bench::Median(ratios));
  };
  bench::Print({path, text(limit.users_a_second), text(ours.users_a_second),
                ratio(ours.users_a_second, limit.users_a_second), ">= 0.9"});
  std::cout << path << ": by CPU of client and server together "
            << ratio(ours.users_a_cpu_second, limit.users_a_cpu_second) << std::endl;
}

void Compare(const Form& form, Stub& raw, Stub& parsing, Stub& ours) {
  Speeds raw_speeds, parsing_speeds, our_speeds;
  for (int round = 0; round < kRounds; ++round) {
    raw_speeds.Measure(form, raw);
    our_speeds.Measure(form, ours);
    parsing_speeds.Measure(form, parsing);
  }
  PrintComparison(absl::StrCat(form.name, " / echo of bytes"), raw_speeds, our_speeds);
  PrintComparison(absl::StrCat(form.name, " / echo that parses"), parsing_speeds, our_speeds);
}

Answers AnswersOf(Stub& stub) {
  Answers answers;
  grpc::ClientContext unary_context, batch_context;
  Check(stub.Assign(&unary_context, bench::UserRequest(17), &answers.unary));
  Check(stub.AssignBatch(&batch_context, bench::BatchRequest(), &answers.batch));
  if (answers.unary.assignments(0).reason() != v1::ASSIGNMENT_REASON_SPLIT) abort();
  *answers.stream.mutable_response() = answers.unary;
  return answers;
}

double ThreadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// CPU seconds of one batch from bytes to bytes, without the transport.
template <typename Body>
double CpuSecondsABatch(Body body) {
  constexpr int kBatches = 400;
  const double begin = ThreadSeconds();
  for (int i = 0; i < kBatches; ++i) body();
  return (ThreadSeconds() - begin) / kBatches;
}

void MeasureBatchCpu(const std::shared_ptr<const Snapshot>& snapshot) {
  const UserTable users;
  FirstExposures exposures;
  const ServingPlan plan(snapshot, users, exposures);
  const std::string bytes = bench::BatchRequest().SerializeAsString();
  std::string answer;
  const auto serve = [&](v1::AssignBatchRequest& request, v1::AssignBatchResponse& response) {
    if (!request.ParseFromString(bytes)) abort();
    Check(AnswerAssignBatch(plan, absl::ToUnixMicros(absl::Now()), request, response));
    response.SerializeToString(&answer);
  };
  ArenaMessages<v1::AssignBatchRequest, v1::AssignBatchResponse> messages;
  std::vector<double> on_heap, on_arena, parse_only;
  for (int round = 0; round < kRounds; ++round) {
    on_heap.push_back(CpuSecondsABatch([&] {
      v1::AssignBatchRequest request;
      v1::AssignBatchResponse response;
      serve(request, response);
    }));
    on_arena.push_back(CpuSecondsABatch([&] {
      grpc::MessageHolder<v1::AssignBatchRequest, v1::AssignBatchResponse>* call = messages.AllocateMessages();
      serve(*call->request(), *call->response());
      call->Release();
    }));
    parse_only.push_back(CpuSecondsABatch([&] {
      auto* call = messages.AllocateMessages();
      if (!call->request()->ParseFromString(bytes)) abort();
      call->Release();
    }));
  }
  const auto speed = [](const std::vector<double>& seconds) {
    return bench::kUsersABatch / bench::Median(seconds) / 1000;
  };
  std::cout << absl::StrFormat(
                   "batch of %d users, %d bytes: plain %.0f us, on an arena %.0f us, of that parsing %.0f us",
                   bench::kUsersABatch, bytes.size(), bench::Median(on_heap) * 1e6, bench::Median(on_arena) * 1e6,
                   bench::Median(parse_only) * 1e6)
            << std::endl;
  bench::Print({"CPU of a batch, parse to bytes", "500 k users/s", absl::StrFormat("%.0f k users/s", speed(on_arena)),
                absl::StrFormat("%.1f", speed(on_arena) / 500), ">= 1"});
}

int Run() {
  std::string folder = "/tmp/tierwise_grpc_XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) abort();
  const std::string path = folder + "/store.duckdb";
  {
    const auto server = bench::Serve(path);
    bench::LaunchSpring(*server, bench::kShop);
    const auto ours = StubOn(server->port());
    const Answers answers = AnswersOf(*ours);
    ParsingEcho parsing_echo(answers);
    RawEcho raw_echo(answers);
    const EchoServer parsing_server(parsing_echo), raw_server(raw_echo);
    const auto parsing = StubOn(parsing_server.port), raw = StubOn(raw_server.port);
    for (const Form& form : kForms) Compare(form, *raw, *parsing, *ours);
  }
  {
    Store store = Checked(OpenStore({.path = path}));
    const auto catalog = Checked(LiveCatalog::Open(*store.catalog));
    MeasureBatchCpu(catalog->view().snapshot);
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace tierwise

int main() { return tierwise::Run(); }
