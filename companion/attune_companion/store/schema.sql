CREATE TABLE IF NOT EXISTS files (
  id TEXT PRIMARY KEY,
  filename TEXT NOT NULL,
  purpose TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  method TEXT NOT NULL,
  settings TEXT NOT NULL,
  search TEXT,
  training_file TEXT NOT NULL,
  validation_file TEXT,
  data_hash TEXT NOT NULL,
  rows INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  suffix TEXT,
  metadata TEXT NOT NULL,
  status TEXT NOT NULL,
  wanted TEXT,
  error TEXT,
  fine_tuned_model TEXT,
  evaluation TEXT,
  result_file TEXT,
  trained_tokens INTEGER,
  step INTEGER NOT NULL DEFAULT 0,
  total_steps INTEGER,
  batch_halvings INTEGER NOT NULL DEFAULT 0,
  deaths INTEGER NOT NULL DEFAULT 0,
  death_step INTEGER NOT NULL DEFAULT -1,
  created_at REAL NOT NULL,
  started_at REAL,
  finished_at REAL,
  estimated_finish REAL
);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, created_at);
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  level TEXT NOT NULL,
  type TEXT NOT NULL,
  message TEXT NOT NULL,
  data TEXT,
  created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_job ON events (job, seq);
CREATE TABLE IF NOT EXISTS checkpoints (
  job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  metrics TEXT NOT NULL,
  created_at REAL NOT NULL,
  PRIMARY KEY (job, step)
);
CREATE TABLE IF NOT EXISTS adapters (
  name TEXT PRIMARY KEY,
  folder TEXT NOT NULL,
  base TEXT NOT NULL,
  base_sha256 TEXT NOT NULL,
  role TEXT NOT NULL,
  job TEXT,
  bytes INTEGER NOT NULL,
  created_at REAL NOT NULL
);
