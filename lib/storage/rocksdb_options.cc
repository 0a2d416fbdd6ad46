#include "lib/storage/rocksdb_options.h"

#include <algorithm>
#include <array>
#include <thread>

#include "rocksdb/cache.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/write_buffer_manager.h"

namespace tallystick::storage {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// What the profiles differ in. The edge's cache holds index and filter blocks, and its write buffers are charged to it,
// so that 18 MiB bounds all three. What a flush and a compaction hold while they run comes on top, and so do the blocks
// that reads pin, and what the allocator keeps: a process of 17 MiB without a store takes 57 with a busy one.
struct Sizes {
  std::size_t cache;
  int cache_shard_bits;
  std::size_t write_buffers;  // all families together
  bool charge_write_buffers_to_cache;
  std::uint64_t log_max;  // RocksDB flushes what keeps older log files alive beyond this
  std::uint64_t file;     // one table file
  std::uint64_t level_1;
  int max_open_files;
  int filter_bits;  // of the filter on `event_ids`, for each row
};

constexpr Sizes kServer = {.cache = 256 * kMiB,
                           .cache_shard_bits = 6,
                           .write_buffers = 256 * kMiB,
                           .charge_write_buffers_to_cache = false,
                           .log_max = 256 * kMiB,
                           .file = 32 * kMiB,
                           .level_1 = 256 * kMiB,
                           .max_open_files = -1,
                           .filter_bits = 12};

constexpr Sizes kEdge = {.cache = 18 * kMiB,
                         .cache_shard_bits = 2,
                         .write_buffers = 9 * kMiB,
                         .charge_write_buffers_to_cache = true,
                         .log_max = 32 * kMiB,
                         .file = 8 * kMiB,
                         .level_1 = 32 * kMiB,
                         .max_open_files = 256,
                         .filter_bits = 10};

const Sizes& SizesOf(Profile profile) { return profile == Profile::kEdge ? kEdge : kServer; }

// What the families differ in.
struct Shape {
  std::size_t write_buffer_server;
  std::size_t write_buffer_edge;
  std::size_t block;
  bool point_reads;  // worth a filter on whole keys
  bool misses;       // most of these find nothing: filter the last level as well, and the write buffer
  bool short_lived;  // LZ4 all the way down, so that files can move between levels unread
  // A file has so many rows that its index and filter would be megabytes, most of a shard of the cache: they are read a
  // piece at a time.
  bool partitioned = false;
  // A hash table in each block, of a byte a row, for look-ups that find something. In `event_ids` it saved nothing.
  bool hash_index = false;
};

Shape ShapeOf(Family family) {
  switch (family) {
    case Family::kMeta:
      return {1 * kMiB, 256 * kKiB, 4 * kKiB, false, false, true};
    case Family::kEventIds:
      return {64 * kMiB, 4 * kMiB, 8 * kKiB, true, true, false};
    case Family::kEvents:
      return {64 * kMiB, 4 * kMiB, 16 * kKiB, true, false, false};
    case Family::kCustomers:
      return {32 * kMiB, 2 * kMiB, 16 * kKiB, false, false, false};
    case Family::kChanges:
      return {16 * kMiB, 2 * kMiB, 16 * kKiB, false, false, false};
    case Family::kRollups:
      return {16 * kMiB, 1 * kMiB, 8 * kKiB, true, true, false, true, true};
    case Family::kConsumers:
      return {1 * kMiB, 256 * kKiB, 4 * kKiB, false, false, true};
  }
  return {};
}

}  // namespace

RocksDbOptions::RocksDbOptions(Profile profile, std::optional<std::size_t> cache_bytes) : profile_(profile) {
  const Sizes& sizes = SizesOf(profile);
  cache_ = rocksdb::NewLRUCache(cache_bytes.value_or(sizes.cache), sizes.cache_shard_bits);
  write_buffers_ = std::make_shared<rocksdb::WriteBufferManager>(
      sizes.write_buffers, sizes.charge_write_buffers_to_cache ? cache_ : nullptr);
}

rocksdb::DBOptions RocksDbOptions::Database() const {
  const Sizes& sizes = SizesOf(profile_);
  rocksdb::DBOptions options;
  options.create_missing_column_families = false;
  options.paranoid_checks = true;
  // A torn tail is what a power cut leaves, and ends the log; anything else is refused or found by our own checks.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Errors stop the store until it is opened again: the automatic recovery of this release can lose rows
  // (docs/DESIGN.md).
  options.max_bgerror_resume_count = 0;
  options.info_log_level = rocksdb::InfoLogLevel::INFO_LEVEL;  // the default depends on how our own code is compiled
  options.keep_log_file_num = 5;
  options.max_log_file_size = 16 * kMiB;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // More than seven would give flushes a second thread, and concurrent flushes of one family have a known fault.
  options.max_background_jobs =
      profile_ == Profile::kEdge ? 2 : std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, 7);
  options.max_open_files = sizes.max_open_files;
  options.write_buffer_manager = write_buffers_;
  options.max_total_wal_size = sizes.log_max;
  options.bytes_per_sync = 1 * kMiB;
  options.wal_bytes_per_sync = 512 * kKiB;
  options.write_dbid_to_manifest = true;
  options.avoid_unnecessary_blocking_io = true;
  // The commit queue writes one batch at a time.
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  return options;
}

rocksdb::ColumnFamilyOptions RocksDbOptions::For(Family family) const {
  const Sizes& sizes = SizesOf(profile_);
  const Shape shape = ShapeOf(family);
  const bool edge = profile_ == Profile::kEdge;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache_;
  table.block_size = shape.block;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.optimize_filters_for_memory = true;
  table.whole_key_filtering = true;
  if (shape.point_reads) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(shape.misses ? sizes.filter_bits : 10));
  }
  if (shape.hash_index) {
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  }
  if (shape.misses) {
    if (edge || shape.partitioned) {  // on the edge, every filter is large beside the cache
      table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
      table.partition_filters = true;
      table.metadata_block_size = 4 * kKiB;
    }
  }

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = edge ? shape.write_buffer_edge : shape.write_buffer_server;
  options.max_write_buffer_number = edge ? 2 : 3;
  options.compression = rocksdb::kLZ4Compression;
  if (!shape.short_lived) {
    options.bottommost_compression = rocksdb::kZSTD;
    options.bottommost_compression_opts.enabled = true;
    options.bottommost_compression_opts.level = 1;
  }
  options.level0_file_num_compaction_trigger = kLevel0Files;
  options.level_compaction_dynamic_level_bytes = true;
  options.target_file_size_base = sizes.file;
  options.max_bytes_for_level_base = sizes.level_1;
  // Writers are held back by the number of files alone: the limits on bytes can stop them with nothing left to compact.
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  options.ttl = 0;
  options.optimize_filters_for_hits = shape.point_reads && !shape.misses;
  // Batches come in key order: each row is looked for from where the one before went, instead of from the top of the
  // skip list. Keys begin with an account or, in `rollups`, with the kind of row.
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  if (shape.misses) {
    options.memtable_prefix_bloom_size_ratio = 0.1;
    options.memtable_whole_key_filtering = true;
  }
  return options;
}

}  // namespace tallystick::storage
