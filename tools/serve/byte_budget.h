// Memory that many share.

#ifndef TALLYSTICK_TOOLS_SERVE_BYTE_BUDGET_H_
#define TALLYSTICK_TOOLS_SERVE_BYTE_BUDGET_H_

#include <atomic>
#include <cstddef>

namespace tallystick::tools {

// Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t bytes) : left_(bytes) {}

  // What one user has taken, which goes back when this goes.
  class Share {
   public:
    explicit Share(ByteBudget* budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { budget_->left_ += taken_; }

    // Makes it `bytes` in all, unless there is not so much left.
    [[nodiscard]] bool GrowTo(std::size_t bytes) {
      if (bytes <= taken_) return true;
      const std::size_t more = bytes - taken_;
      std::size_t left = budget_->left_.load();
      do {
        if (left < more) return false;
      } while (!budget_->left_.compare_exchange_weak(left, left - more));
      taken_ = bytes;
      return true;
    }

   private:
    ByteBudget* const budget_;
    std::size_t taken_ = 0;
  };

 private:
  std::atomic<std::size_t> left_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_BYTE_BUDGET_H_
