// SPDX-License-Identifier: BSL-1.0
// The contract of ports over every adapter that runs in virtual time.
#include "port_contract.hpp"
#include "rigs.hpp"

namespace fairlead::testing {

using rigs = ::testing::Types<in_process_rig, queued_rig, http_rig, json_lines_rig, plain_lines_rig,
                              local_broker_rig>;
INSTANTIATE_TYPED_TEST_SUITE_P(Adapters, PortContract, rigs);

using full_rigs =
    ::testing::Types<in_process_rig, queued_rig, http_rig, json_lines_rig, local_broker_rig>;
INSTANTIATE_TYPED_TEST_SUITE_P(Adapters, FullPortContract, full_rigs);

}  // namespace fairlead::testing
