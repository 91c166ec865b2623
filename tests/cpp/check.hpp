// What the C++ tests share: checks that tell their line, and what was thrown.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <iostream>
#include <optional>
#include <string_view>

#include "ophio.hpp"

inline int failures = 0;

#define CHECK(...)                                                                     \
    do {                                                                               \
        if (!(__VA_ARGS__)) {                                                          \
            std::cerr << __FILE__ << ':' << __LINE__ << ": " << #__VA_ARGS__ << '\n';  \
            failures++;                                                                \
        }                                                                              \
    } while (0)

// The status of the ophio::error that a call throws; OPHIO_STATUS_OK if it throws none.
template <typename F> ophio::status thrown(F &&call)
{
    try {
        call();
    } catch (const ophio::error &error) {
        CHECK(std::string_view(error.what()) != "");
        return error.code();
    }
    return OPHIO_STATUS_OK;
}

// A call throws an error with this status.
#define THROWS(status, ...) CHECK(thrown([&] { __VA_ARGS__; }) == (status))

#endif
