-- SPDX-License-Identifier: MIT
-- What the nameserver wrote when user_version was 1: a (t1, t2), a.b, c (t2) and its own entry, all of user 0.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE objects (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, object TEXT NOT NULL, uri TEXT NOT NULL, owner INTEGER NOT NULL, version INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;
INSERT INTO objects VALUES(1,X'5079726f2e4e616d65536572766572','Pyro.NameServer','PYRO:Pyro.NameServer@./u:/run/nameserver.sock',0,1,1795950742);
INSERT INTO objects VALUES(2,X'61','oa','PYRO:oa@h:1',0,1,1795950743);
INSERT INTO objects VALUES(3,X'612e62','','PYRONAME:a',0,1,1795950743);
INSERT INTO objects VALUES(4,X'63','oc','PYRO:oc@./u:/run/c.sock',0,1,1795950743);
CREATE TABLE endpoints (id INTEGER PRIMARY KEY, object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE, zone TEXT NOT NULL, path TEXT, host TEXT, port INTEGER NOT NULL, nathost TEXT, natport INTEGER NOT NULL, ssh TEXT, UNIQUE (object, zone), CHECK ((path IS NULL) <> (host IS NULL))) STRICT;
INSERT INTO endpoints VALUES(1,1,'z','/run/nameserver.sock',NULL,0,NULL,0,NULL);
INSERT INTO endpoints VALUES(2,2,'z',NULL,'h',1,NULL,0,NULL);
INSERT INTO endpoints VALUES(3,4,'z','/run/c.sock',NULL,0,NULL,0,NULL);
CREATE TABLE metadata (object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE, tag BLOB NOT NULL, PRIMARY KEY (object, tag)) STRICT, WITHOUT ROWID;
INSERT INTO metadata VALUES(1,X'636c6173733a5079726f352e6e616d657365727665722e4e616d65536572766572');
INSERT INTO metadata VALUES(2,X'7431');
INSERT INTO metadata VALUES(2,X'7432');
INSERT INTO metadata VALUES(4,X'7432');
CREATE INDEX metadata_by_tag ON metadata (tag, object);
COMMIT;
PRAGMA application_id = 0x5059524e;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
