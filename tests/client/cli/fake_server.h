// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "experiments/base/definitions.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/client/cli/fake_tiers.h"
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

  // Keeps each user's last country; refuses users named "bad"; ends a call after `answers_a_call` answers.
  grpc::Status StreamProfiles(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::StreamProfilesResponse, v1::StreamProfilesRequest>* stream) override {
    ++streams;
    v1::StreamProfilesRequest request;
    for (int answers = 0; stream->Read(&request); ++answers) {
      if (answers == answers_a_call) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going down");
      v1::StreamProfilesResponse response;
      for (int i = 0; i < request.profiles_size(); ++i) {
        const v1::Profile& user = request.profiles(i);
        if (user.user_id() == "bad") {
          v1::ItemError& error = *response.add_errors();
          error.set_index(static_cast<uint32_t>(i));
          error.set_field("user_id");
          error.set_description("is not welcome");
          continue;
        }
        if (!user.attributes().empty()) countries[user.user_id()] = user.attributes(0).string_value();
        response.set_accepted(response.accepted() + 1);
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  // Knows "u1" only.
  grpc::Status GetProfile(grpc::ServerContext*, const v1::GetProfileRequest* request,
                          v1::GetProfileResponse* response) override {
    if (request->user_id() != "u1") return grpc::Status(grpc::StatusCode::NOT_FOUND, "nothing is known of the user");
    last_profile = *request;
    *response = profile;
    return grpc::Status::OK;
  }

  grpc::Status EraseUser(grpc::ServerContext*, const v1::EraseUserRequest* request,
                         v1::EraseUserResponse* response) override {
    erased.push_back(request->user_id());
    response->set_profile_versions_removed(2);
    response->set_tier_moves_removed(3);
    response->set_exposures_made_anonymous(4);
    response->set_events_made_anonymous(5'000);
    return grpc::Status::OK;
  }

  std::mutex mutex_;
  v1::GetProfileRequest last_profile;
  v1::GetProfileResponse profile;
  std::vector<std::string> erased;
  std::map<std::string, std::string> countries;
  int streams = 0;
  int answers_a_call = -1;
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

// All on a free port.
class FakeServer {
 public:
  FakeServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&events);
    builder.RegisterService(&catalog);
    builder.RegisterService(&tiers);
    server_ = builder.BuildAndStart();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  FakeEvents events;
  FakeCatalog catalog;
  FakeTiers tiers;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tierwise
