// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tierwise/v1/event.pb.h"
#include "tierwise/v1/event_service.pb.h"

namespace tierwise {

// One change of a profile, as it was taken in.
struct ProfileChange {
  v1::Profile profile;
  bool is_whole = false;  // what is not in it is forgotten; otherwise it is merged (see tierwise.v1.Profile)
  absl::Time received;
};

// Makes `profile` what it is after `change`.
void ApplyChange(const ProfileChange& change, v1::Profile& profile);

// Keeps what is known about users, with its history, and who is known at all. Thread-safe.
class ProfileStore {
 public:
  virtual ~ProfileStore() = default;

  // Takes in changes of profiles, in order, the later wins. Returns when they would survive kill -9, all or none.
  // `committed` is called once then, before this returns, on the writer's thread: one call after another, in the order
  // in which the changes were written. REQUIRES: the profiles were checked.
  virtual absl::Status Upsert(const std::vector<v1::Profile>& profiles, absl::Time received,
                              absl::FunctionRef<void()> committed) = 0;

  // Every change of every profile, those of one user in the order in which they were written.
  virtual absl::Status ScanChanges(absl::FunctionRef<void(const ProfileChange&)> consume) = 0;
  // The changes of one user's profile taken in at or before `as_of`, in order.
  virtual absl::StatusOr<std::vector<ProfileChange>> ChangesOf(const std::string& user_id, absl::Time as_of) = 0;

  // Keys of users of whom a profile, an event or an exposure was first taken in after `after` and at or before `as_of`,
  // in runs.
  virtual absl::Status ScanUsers(absl::Time after, absl::Time as_of,
                                 absl::FunctionRef<void(absl::Span<const uint64_t>)> consume) = 0;
  // The keys that stand for users who were erased: facts have them, no user has.
  virtual absl::StatusOr<absl::flat_hash_set<uint64_t>> AnonymousUsers() = 0;
  // The ids of users, in the order asked for; empty for one that is not known.
  virtual absl::StatusOr<std::vector<std::string>> UserIdsOf(absl::Span<const uint64_t> user_keys) = 0;

  // Forgets a user for good (see tierwise.v1.EventService.EraseUser) in one transaction; `committed` as in Upsert.
  // NotFound where nothing is known of the user.
  virtual absl::StatusOr<v1::EraseUserResponse> Erase(const std::string& user_id,
                                                      absl::FunctionRef<void()> committed) = 0;
};

}  // namespace tierwise
