// SPDX-License-Identifier: BSL-1.0
// Checks that the translation unit is compiled with the flags that fairlead was built with.
#pragma once

#include <boost/version.hpp>

#if BOOST_VERSION < 108100
#error \
    "fairlead needs Boost 1.81 or newer (Debian 12: apt-get install libboost1.81-dev libboost-json1.81-dev)"
#endif

// Both macros change code or layout inside Asio, so every object that is linked together must agree
// on them. The Meson dependency and the pkg-config file set them; set them yourself when you use
// neither.
#if !defined(BOOST_ASIO_SEPARATE_COMPILATION)
#error "compile with -DBOOST_ASIO_SEPARATE_COMPILATION, as `pkg-config --cflags fairlead` says"
#endif
#if !defined(BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE)
#error \
    "compile with -DBOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8, as `pkg-config --cflags fairlead` says"
#elif BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE != 8
#error \
    "fairlead is built with BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8; every object must agree on it"
#endif
