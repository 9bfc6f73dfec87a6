// SPDX-License-Identifier: BSL-1.0
// Asio's own sources, compiled once for everybody (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
