// SPDX-License-Identifier: Apache-2.0
// Stored profiles: taking in changes of those of N users (the argument) where a million are stored. docs/storage.md has
// results.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/storage/store.h"

namespace tierwise {
namespace {

constexpr int kUsers = 1'000'000;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << std::endl;
  abort();
}

std::string UserId(uint64_t number) { return absl::StrCat("user-", number % kUsers); }

v1::Profile MakeProfile(const std::string& user_id, int64_t number) {
  v1::Profile profile;
  profile.set_user_id(user_id);
  auto add = [&profile](const char* attribute) {
    v1::AttributeValue& value = *profile.add_attributes();
    value.set_attribute(attribute);
    return &value;
  };
  add("spend_90d")->set_double_value(static_cast<double>(number) * 0.01);
  add("orders_90d")->set_int_value(number % 20);
  add("country")->set_string_value(number % 2 == 0 ? "CN" : "SG");
  add("is_member")->set_bool_value(number % 3 == 0);
  add("last_order_at")->mutable_time_value()->set_seconds(1'700'000'000 + number);
  return profile;
}

// A store with the profiles, made once.
ProfileStore& FilledStore() {
  static std::string* folder = new std::string("/tmp/tierwise_profiles_XXXXXX");
  static Store* store = [] {
    if (mkdtemp(folder->data()) == nullptr) abort();
    atexit([] { std::filesystem::remove_all(*folder); });
    absl::StatusOr<Store> opened = OpenStore({.path = *folder + "/store.duckdb"});
    Check(opened.status());
    std::vector<v1::Profile> batch;
    for (int i = 0; i < kUsers; ++i) {
      batch.push_back(MakeProfile(UserId(static_cast<uint64_t>(i)), i));
      if (batch.size() < 100'000) continue;
      Check(opened->profiles->Upsert(batch, absl::Now(), [] {}));
      batch.clear();
    }
    return new Store(*std::move(opened));
  }();
  return *store->profiles;
}

void Upsert(benchmark::State& state) {
  ProfileStore& profiles = FilledStore();
  std::mt19937_64 random(2);
  for (auto _ : state) {
    std::vector<v1::Profile> batch;
    for (int64_t i = 0; i < state.range(0); ++i) batch.push_back(MakeProfile(UserId(random()), i));
    Check(profiles.Upsert(batch, absl::Now(), [] {}));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(Upsert)->Arg(1)->Arg(10'000)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tierwise
