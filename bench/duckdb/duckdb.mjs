// DuckDB as a peer of the import benchmark (bench/import_run.h).
//
//   node duckdb.mjs import FILE DATABASE   a file of events, an event a line, into a new table with a primary key
//   node duckdb.mjs count DATABASE         what the table holds, as a line of JSON
//   node duckdb.mjs version
//
// The whole file is one statement, in which the last line of an id wins; it ends with a checkpoint, when everything is
// in the database's file and synced. Two threads, as all subjects have two cores.

import { DuckDBInstance, version } from '@duckdb/node-api';

const THREADS = '2';

const CREATE = `
  CREATE TABLE events (
    customerEventId VARCHAR PRIMARY KEY, customerAlias VARCHAR NOT NULL, eventType VARCHAR NOT NULL,
    eventTimestamp TIMESTAMP NOT NULL, eventProperties JSON NOT NULL)`;

// INSERT OR REPLACE alone keeps any of an id's lines, not the last, when two threads read; so earlier lines are left
// out first, and a plain INSERT is then the fastest of what was tried (grouping with arg_max, a table without its key
// at first, INSERT OR REPLACE).
const insert = (file) => `
  INSERT INTO events
  SELECT * EXCLUDE line
  FROM (
    SELECT *, row_number() OVER () AS line
    FROM read_ndjson('${file.replaceAll("'", "''")}', columns = {customerEventId: 'VARCHAR',
      customerAlias: 'VARCHAR', eventType: 'VARCHAR', eventTimestamp: 'TIMESTAMP', eventProperties: 'JSON'}))
  QUALIFY row_number() OVER (PARTITION BY customerEventId ORDER BY line DESC) = 1`;

const COUNT = `
  SELECT count(*)::VARCHAR AS events,
    coalesce(sum((eventProperties ->> 'amount')::DECIMAL(18, 2) * 100), 0)::BIGINT::VARCHAR AS hundredths
  FROM events`;

async function withDatabase(path, use) {
  const instance = await DuckDBInstance.create(path, { threads: THREADS });
  const connection = await instance.connect();
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const [command, ...words] = process.argv.slice(2);
if (command === 'import' && words.length === 2) {
  const [file, path] = words;
  await withDatabase(path, async (connection) => {
    await connection.run(CREATE);
    await connection.run(insert(file));
    await connection.run('CHECKPOINT');
  });
} else if (command === 'count' && words.length === 1) {
  const rows = await withDatabase(words[0], async (connection) =>
    (await connection.runAndReadAll(COUNT)).getRows());
  console.log(`{"events":${rows[0][0]},"hundredths":${rows[0][1]}}`);
} else if (command === 'version' && words.length === 0) {
  console.log(version());
} else {
  console.error('duckdb.mjs: see its head');
  process.exit(2);
}
