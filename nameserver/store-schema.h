#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Schema of the Store's Database
 *
 * The tables, what makes a file ours (application_id) and of which age it is (user_version), and
 * the way from each older schema to the present one.
 */

#include "nameserver/store-db.h"

/**
 * store_schema_identify() - whether the file is empty or ours, of an age we know
 *
 * Return: 0, STORE_E_FOREIGN, STORE_E_NEWER, STORE_E_DAMAGED, and what reading gives.
 */
NODISCARD int store_schema_identify(StoreDb *db);

/**
 * store_schema_check() - the same, and whether it is sound
 *
 * Changes nothing.
 *
 * Return: 0, STORE_E_FOREIGN, STORE_E_NEWER, STORE_E_DAMAGED, and what reading gives.
 */
NODISCARD int store_schema_check(StoreDb *db);

/**
 * store_schema_migrate() - bring a checked file up to date, in one transaction per step
 *
 * Return: 0, and what writing gives.
 */
NODISCARD int store_schema_migrate(StoreDb *db);
