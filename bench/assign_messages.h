// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tierwise/v1/assignment_service.pb.h"

// A campaign, and requests for it, of the size that a shop's are: 5 attributes a user, 3 conditions, 3 arms.

namespace tierwise::bench {

inline constexpr int kUsersABatch = 1000;

// For CatalogService.ApplyDefinitions; launched as "spring" at revision 1.
inline constexpr char kShop[] = R"pb(
  definitions { attribute { id: "country" type: ATTRIBUTE_TYPE_STRING } }
  definitions { attribute { id: "plan" type: ATTRIBUTE_TYPE_STRING } }
  definitions { attribute { id: "spend_90d" type: ATTRIBUTE_TYPE_DOUBLE } }
  definitions { attribute { id: "orders" type: ATTRIBUTE_TYPE_INT } }
  definitions { attribute { id: "last_order_at" type: ATTRIBUTE_TYPE_TIMESTAMP } }
  definitions {
    metric {
      id: "ordered"
      conversion { event: "order" }
      window { seconds: 1209600 }
    }
  }
  definitions {
    tiering {
      id: "value"
      tiers { id: "gold" }
      tiers { id: "basic" }
      rules {
        rules {
          tier: "gold"
          when { text: "spend_90d >= 500" }
        }
        otherwise: "basic"
      }
    }
  }
  definitions {
    campaign {
      id: "spring"
      tiering: "value"
      metrics: "ordered"
      audience { text: "country in [\"CN\", \"SG\"] and orders >= 2" }
      variants {
        id: "none"
        control: true
        parameters {
          fields {
            key: "discount"
            value { number_value: 0 }
          }
        }
      }
      variants {
        id: "ten"
        parameters {
          fields {
            key: "discount"
            value { number_value: 10 }
          }
        }
      }
      variants {
        id: "twenty"
        parameters {
          fields {
            key: "discount"
            value { number_value: 20 }
          }
        }
      }
      tier_plans {
        tier: "*"
        arms { variant: "none" weight: 1 }
        arms { variant: "ten" weight: 1 }
        arms { variant: "twenty" weight: 1 }
      }
    }
  })pb";

inline std::string UserId(int user) { return "user-" + std::to_string(1'000'000 + user); }

inline v1::AssignRequest UserRequest(int user) {
  v1::AssignRequest request;
  request.set_user_id(UserId(user));
  request.add_campaigns(std::string("spring"));
  const auto add = [&request](const char* attribute) {
    v1::AttributeValue* value = request.add_attributes();
    value->set_attribute(std::string(attribute));
    return value;
  };
  add("country")->set_string_value(std::string(user % 2 == 0 ? "SG" : "CN"));
  add("plan")->set_string_value(std::string("professional"));
  add("spend_90d")->set_double_value(user % 1000);
  add("orders")->set_int_value(2 + user % 7);
  add("last_order_at")->mutable_time_value()->set_seconds(1'760'000'000 + user);
  return request;
}

inline v1::AssignBatchRequest BatchRequest() {
  v1::AssignBatchRequest request;
  request.add_campaigns(std::string("spring"));
  const auto add = [&request](const char* attribute) {
    v1::AttributeColumn* column = request.add_columns();
    column->set_attribute(std::string(attribute));
    return column;
  };
  v1::AttributeColumn* country = add("country");
  for (const char* name : {"SG", "CN"}) country->add_strings(std::string(name));
  v1::AttributeColumn* plan = add("plan");
  plan->add_strings(std::string("professional"));
  v1::AttributeColumn* spend = add("spend_90d");
  v1::AttributeColumn* orders = add("orders");
  v1::AttributeColumn* last_order = add("last_order_at");
  for (int user = 0; user < kUsersABatch; ++user) {
    request.add_user_ids(UserId(user));
    country->add_string_codes(static_cast<uint32_t>(user % 2));
    plan->add_string_codes(0);
    spend->add_doubles(user % 1000);
    orders->add_ints(2 + user % 7);
    last_order->add_times_micros((1'760'000'000 + int64_t{user}) * 1'000'000);
  }
  return request;
}

}  // namespace tierwise::bench
