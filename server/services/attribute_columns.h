// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/audience/attribute_schema.h"
#include "experiments/audience/user_attributes.h"
#include "google/protobuf/repeated_field.h"
#include "tierwise/v1/assignment_service.pb.h"

namespace tierwise {

// The attribute columns of a batch, read user by user. Borrows the request. Not thread-safe.
class AttributeColumns {
 public:
  // Checks every column whole: attributes given twice, a list of values of another type than the attribute's, too few
  // or too many values, codes outside the dictionary, doubles that are not finite, texts over 1,024 bytes.
  // InvalidArgument names the column. Columns of attributes that the schema does not have are ignored.
  static absl::StatusOr<AttributeColumns> Create(const AttributeSchema& schema,
                                                 const google::protobuf::RepeatedPtrField<v1::AttributeColumn>& columns,
                                                 int users);

  // Sets `user` to the values of the next user, the first one at first. Allocates nothing but for string lists.
  // REQUIRES: called at most once a user.
  void Next(UserAttributes& user);

 private:
  struct Cursor {
    const v1::AttributeColumn* column;
    int slot;
    v1::AttributeType type;
    int next_value = 0;   // of the list of values
    int next_string = 0;  // of `strings`, for STRING_LIST
  };

  int next_user_ = 0;
  std::vector<Cursor> cursors_;
  std::vector<absl::string_view> elements_;  // of all lists of the present user
};

}  // namespace tierwise
