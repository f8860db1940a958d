// SPDX-License-Identifier: Apache-2.0
// Definitions through the API.
#include <map>
#include <optional>
#include <string>

#include "tests/server/server_fixture.h"

namespace tierwise {
namespace {

TEST_F(ServerTest, BadDefinitionsListEveryProblemAndChangeNothing) {
  auto request = FromText<v1::ApplyDefinitionsRequest>(kShop);
  for (v1::Definition& definition : *request.mutable_definitions()) {
    if (definition.has_metric()) definition.mutable_metric()->mutable_window()->set_seconds(0);
    if (!definition.has_campaign()) continue;
    v1::Campaign& campaign = *definition.mutable_campaign();
    campaign.mutable_variants(0)->set_control(false);
    campaign.mutable_tier_plans(0)->set_tier("waste");
    for (v1::Arm& arm : *campaign.mutable_tier_plans(0)->mutable_arms()) arm.set_weight(0);
  }
  v1::ApplyDefinitionsResponse applied;
  const grpc::Status status = Call(*catalog_, &v1::CatalogService::Stub::ApplyDefinitions, request, &applied);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const std::set<std::string> fields = FieldsOf(status);
  EXPECT_TRUE(fields.contains("campaigns/spring.variants")) << status.error_message();
  EXPECT_TRUE(fields.contains("campaigns/spring.tier_plans[0].tier")) << status.error_message();
  EXPECT_TRUE(fields.contains("campaigns/spring.tier_plans[0].arms")) << status.error_message();
  EXPECT_TRUE(fields.contains("metrics/order.window")) << status.error_message();
  v1::ListDefinitionsResponse listed;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListDefinitions, v1::ListDefinitionsRequest(), &listed).ok());
  EXPECT_EQ(listed.definitions_size(), 0);
  EXPECT_EQ(listed.catalog_version(), 0);
}

TEST_F(ServerTest, ValidateOnlyShowsWhatWouldBeAndChangesNothing) {
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(kShop, &applied, /*validate_only=*/true).ok());
  EXPECT_EQ(applied.diffs_size(), 7);
  for (const v1::DefinitionDiff& diff : applied.diffs()) EXPECT_EQ(diff.verb(), v1::CHANGE_VERB_CREATE);
  EXPECT_EQ(applied.catalog_version(), 0);
  v1::ListChangesResponse changes;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListChanges, v1::ListChangesRequest(), &changes).ok());
  EXPECT_EQ(changes.changes_size(), 0);
}

TEST_F(ServerTest, ApplyingTheSameAgainChangesNothing) {
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(kShop, &applied).ok());
  ASSERT_TRUE(Apply(kShop, &applied).ok());
  for (int i = 7; i < applied.diffs_size(); ++i) EXPECT_EQ(applied.diffs(i).verb(), v1::CHANGE_VERB_UNCHANGED);
  EXPECT_EQ(applied.catalog_version(), 1);
}

TEST_F(ServerTest, UpdatesAreComparedWithTheRevisionTheyChange) {
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(kShop, &applied).ok());
  v1::UpdateDefinitionRequest request;
  request.mutable_definition()->mutable_metric()->set_id("order");
  request.mutable_definition()->mutable_metric()->set_display_name("Orders");
  request.mutable_update_mask()->add_paths("display_name");
  v1::UpdateDefinitionResponse response;
  EXPECT_EQ(Call(*catalog_, &v1::CatalogService::Stub::UpdateDefinition, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.set_expected_revision(2);
  EXPECT_EQ(Call(*catalog_, &v1::CatalogService::Stub::UpdateDefinition, request, &response).error_code(),
            grpc::StatusCode::ABORTED);
  request.set_expected_revision(1);
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::UpdateDefinition, request, &response).ok());
  EXPECT_EQ(response.definition().metric().display_name(), "Orders");
  EXPECT_EQ(response.definition().metric().conversion().event(), "order");
  EXPECT_EQ(response.definition().metric().meta().revision(), 2);
  request.mutable_update_mask()->add_paths("colour");
  request.set_expected_revision(2);
  EXPECT_EQ(FieldsOf(Call(*catalog_, &v1::CatalogService::Stub::UpdateDefinition, request, &response)),
            std::set<std::string>{"update_mask"});
}

TEST_F(ServerTest, WhatIsInUseIsNotDeleted) {
  LaunchSpring();
  const auto delete_code = [this](const char* name, int64_t revision) {
    v1::DeleteDefinitionRequest request;
    request.set_name(name);
    request.set_expected_revision(revision);
    v1::DeleteDefinitionResponse response;
    return Call(*catalog_, &v1::CatalogService::Stub::DeleteDefinition, request, &response).error_code();
  };
  EXPECT_EQ(delete_code("tierings/value", 1), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("segments/asia", 1), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("attributes/spend", 1), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("metrics/order", 1), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("campaigns/spring", 2), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("segments/none", 1), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(delete_code("nonsense", 1), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServerTest, EveryChangeHasAnActorATimeAndAnOldRevisionToRead) {
  LaunchSpring();
  v1::ListChangesRequest request;
  request.set_name("campaigns/spring");
  v1::ListChangesResponse response;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListChanges, request, &response).ok());
  ASSERT_EQ(response.changes_size(), 2);
  EXPECT_EQ(response.changes(0).verb(), v1::CHANGE_VERB_TRANSITION);
  EXPECT_EQ(response.changes(0).transition(), "launch");
  EXPECT_EQ(response.changes(0).actor(), "mei");
  EXPECT_EQ(response.changes(1).verb(), v1::CHANGE_VERB_CREATE);
  v1::GetDefinitionRequest past;
  past.set_name("campaigns/spring");
  past.set_catalog_version(1);
  v1::GetDefinitionResponse definition;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::GetDefinition, past, &definition).ok());
  EXPECT_EQ(definition.definition().campaign().state(), v1::CAMPAIGN_STATE_DRAFT);
}

TEST_F(ServerTest, ListsComeInPages) {
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(kShop, &applied).ok());
  v1::ListDefinitionsRequest request;
  request.set_page_size(4);
  v1::ListDefinitionsResponse first;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListDefinitions, request, &first).ok());
  ASSERT_EQ(first.definitions_size(), 4);
  request.set_page_token(first.next_page_token());
  v1::ListDefinitionsResponse second;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListDefinitions, request, &second).ok());
  ASSERT_EQ(second.definitions_size(), 3);
  EXPECT_TRUE(second.definitions(2).has_campaign());
  EXPECT_EQ(second.next_page_token(), "");
}

}  // namespace
}  // namespace tierwise
