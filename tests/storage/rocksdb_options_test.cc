#include "lib/storage/rocksdb_options.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/cache.h"
#include "rocksdb/comparator.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/write_buffer_manager.h"

namespace tallystick::storage {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr Profile kProfiles[] = {Profile::kServer, Profile::kEdge};

const rocksdb::BlockBasedTableOptions& TableOf(const rocksdb::ColumnFamilyOptions& options) {
  const auto* table = options.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
  EXPECT_NE(table, nullptr);
  return *table;
}

// --- Memory ---

TEST(RocksDbOptionsTest, TheEdgeKeepsWithinFortyMegabytes) {
  const RocksDbOptions setup(Profile::kEdge, {});
  const auto& write_buffers = *setup.Database().write_buffer_manager;
  const std::size_t cache = TableOf(setup.For(Family::kEvents)).block_cache->GetCapacity();
  ASSERT_TRUE(write_buffers.enabled());
  EXPECT_LE(cache + write_buffers.buffer_size(), 40 * kMiB);
  // Charged to the cache, so that full write buffers push blocks out of it.
  EXPECT_TRUE(write_buffers.cost_to_cache());
  // What may be open at once is bounded as well: each open file keeps a reader.
  EXPECT_GT(setup.Database().max_open_files, 0);
  for (const Family family : kAllFamilies) {
    EXPECT_LE(setup.For(family).write_buffer_size, write_buffers.buffer_size()) << FamilyName(family);
  }
}

TEST(RocksDbOptionsTest, AllFamiliesShareOneCacheOfTheSizeAskedFor) {
  for (const Profile profile : kProfiles) {
    const RocksDbOptions setup(profile, 3 * kMiB);
    const rocksdb::Cache* cache = TableOf(setup.For(Family::kMeta)).block_cache.get();
    EXPECT_EQ(cache->GetCapacity(), 3 * kMiB);
    for (const Family family : kAllFamilies) {
      const rocksdb::ColumnFamilyOptions options = setup.For(family);
      EXPECT_EQ(TableOf(options).block_cache.get(), cache) << FamilyName(family);
      // Otherwise they are held outside the cache, without a bound.
      EXPECT_TRUE(TableOf(options).cache_index_and_filter_blocks) << FamilyName(family);
    }
  }
  EXPECT_EQ(TableOf(RocksDbOptions(Profile::kServer, {}).For(Family::kMeta)).block_cache->GetCapacity(), 256 * kMiB);
}

// --- What this release of RocksDB must not be asked for ---

TEST(RocksDbOptionsTest, TheDatabaseKeepsClearOfKnownFaults) {
  for (const Profile profile : kProfiles) {
    const rocksdb::DBOptions options = RocksDbOptions(profile, {}).Database();
    // Failures stop the store; nothing tries to go on by itself.
    EXPECT_TRUE(options.paranoid_checks);
    EXPECT_EQ(options.max_bgerror_resume_count, 0);
    EXPECT_FALSE(options.best_efforts_recovery);
    // The log.
    EXPECT_EQ(options.wal_recovery_mode, rocksdb::WALRecoveryMode::kPointInTimeRecovery);
    EXPECT_EQ(options.wal_compression, rocksdb::kNoCompression);
    EXPECT_FALSE(options.manual_wal_flush);
    EXPECT_FALSE(options.track_and_verify_wals_in_manifest);
    EXPECT_FALSE(options.avoid_flush_during_recovery);
    EXPECT_EQ(options.recycle_log_file_num, 0u);
    EXPECT_GT(options.max_total_wal_size, 0u);
    EXPECT_TRUE(options.wal_dir.empty()) << "FrozenFiles looks for the logs beside the tables";
    // One batch at a time, in order.
    EXPECT_FALSE(options.unordered_write);
    EXPECT_FALSE(options.enable_pipelined_write);
    EXPECT_FALSE(options.two_write_queues);
    EXPECT_FALSE(options.atomic_flush);
    EXPECT_FALSE(options.allow_2pc);
    EXPECT_FALSE(options.allow_concurrent_memtable_write);
    // A second flush thread, which more than seven jobs would bring, can lose a file after a failed flush.
    EXPECT_GE(options.max_background_jobs, 2);
    EXPECT_LE(options.max_background_jobs, 7);
    EXPECT_EQ(options.max_background_flushes, -1);
    EXPECT_EQ(options.max_background_compactions, -1);
    // A roll of the manifest on a full disk can lose it: rolls are rare.
    EXPECT_GE(options.max_manifest_file_size, 1024 * kMiB);
    EXPECT_EQ(options.row_cache, nullptr);
    EXPECT_FALSE(options.allow_ingest_behind);
    EXPECT_FALSE(options.create_missing_column_families);
    EXPECT_EQ(options.info_log_level, rocksdb::InfoLogLevel::INFO_LEVEL);
    EXPECT_TRUE(options.write_dbid_to_manifest);
  }
}

TEST(RocksDbOptionsTest, EveryFamilyKeepsClearOfKnownFaults) {
  for (const Profile profile : kProfiles) {
    const RocksDbOptions setup(profile, {});
    for (const Family family : kAllFamilies) {
      SCOPED_TRACE(FamilyName(family));
      const rocksdb::ColumnFamilyOptions options = setup.For(family);
      EXPECT_EQ(options.comparator, rocksdb::BytewiseComparator());
      EXPECT_EQ(options.compaction_style, rocksdb::kCompactionStyleLevel);
      EXPECT_EQ(options.compaction_pri, rocksdb::kMinOverlappingRatio);
      EXPECT_TRUE(options.level_compaction_dynamic_level_bytes);
      EXPECT_EQ(options.soft_pending_compaction_bytes_limit, 0u);
      EXPECT_EQ(options.hard_pending_compaction_bytes_limit, 0u);
      EXPECT_EQ(options.ttl, 0u);
      EXPECT_EQ(options.prefix_extractor, nullptr);
      EXPECT_EQ(options.merge_operator, nullptr);
      EXPECT_EQ(options.compaction_filter, nullptr);
      EXPECT_EQ(options.compaction_filter_factory, nullptr);
      EXPECT_FALSE(options.inplace_update_support);
      EXPECT_FALSE(options.enable_blob_files);
      EXPECT_TRUE(options.force_consistency_checks);
      const rocksdb::BlockBasedTableOptions& table = TableOf(options);
      EXPECT_EQ(table.checksum, rocksdb::kXXH3);
      EXPECT_EQ(table.format_version, 5u);
      EXPECT_TRUE(table.whole_key_filtering);
    }
  }
}

TEST(RocksDbOptionsTest, ALookUpOfANewRowIsAnsweredByAFilterOnEveryLevel) {
  for (const Profile profile : kProfiles) {
    for (const Family family : {Family::kEventIds, Family::kRollups}) {
      const rocksdb::ColumnFamilyOptions options = RocksDbOptions(profile, {}).For(family);
      EXPECT_NE(TableOf(options).filter_policy, nullptr);
      EXPECT_FALSE(options.optimize_filters_for_hits);  // would leave the last level, most of the rows, without
      EXPECT_GT(options.memtable_prefix_bloom_size_ratio, 0);
      EXPECT_TRUE(options.memtable_whole_key_filtering);
    }
  }
}

// What is read often is read as LZ4, and what stays is small. `changes` is read in order, and for look-ups by id.
TEST(RocksDbOptionsTest, RowsOfEventsAreCompressedWellOnceTheyHaveSettled) {
  for (const Profile profile : kProfiles) {
    for (const Family family :
         {Family::kEventIds, Family::kEvents, Family::kCustomers, Family::kChanges, Family::kRollups}) {
      SCOPED_TRACE(FamilyName(family));
      const rocksdb::ColumnFamilyOptions options = RocksDbOptions(profile, {}).For(family);
      EXPECT_EQ(options.compression, rocksdb::kLZ4Compression);
      EXPECT_EQ(options.bottommost_compression, rocksdb::kZSTD);
      EXPECT_TRUE(options.bottommost_compression_opts.enabled);
      EXPECT_EQ(options.bottommost_compression_opts.level, 1);
      // A byte a row, which only `rollups` has a use for.
      EXPECT_EQ(TableOf(options).data_block_index_type, family == Family::kRollups
                                                            ? rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash
                                                            : rocksdb::BlockBasedTableOptions::kDataBlockBinarySearch);
    }
  }
}

// Its rows are so small that a file's whole filter would fill a shard of the cache.
TEST(RocksDbOptionsTest, RollupsAreIndexedAndFilteredAPieceAtATime) {
  for (const Profile profile : kProfiles) {
    const rocksdb::BlockBasedTableOptions table = TableOf(RocksDbOptions(profile, {}).For(Family::kRollups));
    EXPECT_EQ(table.index_type, rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch);
    EXPECT_TRUE(table.partition_filters);
  }
}

TEST(RocksDbOptionsTest, InsertsInKeyOrderBeginWhereTheLastOneWent) {
  for (const Family family : kAllFamilies) {
    const auto options = RocksDbOptions(Profile::kServer, {}).For(family);
    const auto& hints = options.memtable_insert_with_hint_prefix_extractor;
    ASSERT_NE(hints, nullptr);
    EXPECT_TRUE(hints->InDomain("x")) << "a key without a prefix gets no hint";
  }
}

}  // namespace
}  // namespace tallystick::storage
