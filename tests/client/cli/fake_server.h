// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "experiments/base/definitions.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tierwise/v1/catalog_service.grpc.pb.h"
#include "tierwise/v1/event_service.grpc.pb.h"

namespace tierwise {

// Takes events in, in memory; refuses users named "bad", and fails after `fails_after` calls.
class FakeEvents final : public v1::EventService::Service {
 public:
  grpc::Status RecordEvents(grpc::ServerContext*, const v1::RecordEventsRequest* request,
                            v1::RecordEventsResponse* response) override {
    const std::lock_guard lock(mutex_);
    if (fails_after >= 0 && calls >= fails_after) return grpc::Status(grpc::StatusCode::INTERNAL, "no space left");
    ++calls;
    largest_batch = std::max(largest_batch, request->events_size());
    for (int i = 0; i < request->events_size(); ++i) {
      if (request->events(i).user_id() == "bad") {
        v1::ItemError& error = *response->add_errors();
        error.set_index(static_cast<uint32_t>(i));
        error.set_field("user_id");
        error.set_description("is not welcome");
        continue;
      }
      ids.insert(request->events(i).user_id() + "/" + request->events(i).event_id());
      response->set_accepted(response->accepted() + 1);
    }
    return grpc::Status::OK;
  }

  std::mutex mutex_;
  std::set<std::string> ids;
  int calls = 0;
  int fails_after = -1;
  int largest_batch = 0;
};

// Holds definitions in memory; refuses layers named "wrong".
class FakeCatalog final : public v1::CatalogService::Service {
 public:
  grpc::Status ApplyDefinitions(grpc::ServerContext* call, const v1::ApplyDefinitionsRequest* request,
                                v1::ApplyDefinitionsResponse* response) override {
    const auto actor = call->client_metadata().find("tierwise-actor");
    if (actor != call->client_metadata().end()) last_actor = std::string(actor->second.data(), actor->second.size());
    for (const v1::Definition& definition : request->definitions()) {
      if (IdOf(definition) == "wrong") return Invalid(NameOf(definition) + ".salt", "must be ASCII");
    }
    if (!request->validate_only() && request->expected_catalog_version() + (moves_on ? 1 : 0) != version) {
      return grpc::Status(grpc::StatusCode::ABORTED, "the catalog changed meanwhile");
    }
    for (const v1::Definition& definition : request->definitions()) {
      v1::DefinitionDiff& diff = *response->add_diffs();
      diff.set_name(NameOf(definition));
      const auto known = definitions.find(diff.name());
      const bool is_new = known == definitions.end();
      if (!is_new) *diff.mutable_before() = known->second;
      *diff.mutable_after() = definition;
      const bool is_same = !is_new && known->second.SerializeAsString() == definition.SerializeAsString();
      diff.set_verb(is_new ? v1::CHANGE_VERB_CREATE : is_same ? v1::CHANGE_VERB_UNCHANGED : v1::CHANGE_VERB_UPDATE);
      if (!request->validate_only()) definitions[diff.name()] = definition;
    }
    if (!request->validate_only()) ++version;
    response->set_catalog_version(version);
    return grpc::Status::OK;
  }

  grpc::Status GetDefinition(grpc::ServerContext*, const v1::GetDefinitionRequest* request,
                             v1::GetDefinitionResponse* response) override {
    const auto found = definitions.find(request->name());
    if (found == definitions.end()) return grpc::Status(grpc::StatusCode::NOT_FOUND, request->name() + " is not there");
    *response->mutable_definition() = found->second;
    return grpc::Status::OK;
  }

  // One definition a page.
  grpc::Status ListDefinitions(grpc::ServerContext*, const v1::ListDefinitionsRequest* request,
                               v1::ListDefinitionsResponse* response) override {
    auto next = definitions.upper_bound(request->page_token());
    if (next == definitions.end()) return grpc::Status::OK;
    *response->add_definitions() = next->second;
    const std::string token = next->first;
    if (++next != definitions.end()) response->set_next_page_token(token);
    return grpc::Status::OK;
  }

  static grpc::Status Invalid(const std::string& field, const std::string& description) {
    google::rpc::BadRequest bad;
    auto& violation = *bad.add_field_violations();
    violation.set_field(field);
    violation.set_description(description);
    google::rpc::Status status;
    status.add_details()->PackFrom(bad);
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "invalid", status.SerializeAsString());
  }

  std::map<std::string, v1::Definition> definitions;
  int64_t version = 0;
  bool moves_on = false;  // as if someone else changed the catalog between check and write
  std::string last_actor;
};

// Both on a free port.
class FakeServer {
 public:
  FakeServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&events);
    builder.RegisterService(&catalog);
    server_ = builder.BuildAndStart();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  FakeEvents events;
  FakeCatalog catalog;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tierwise
