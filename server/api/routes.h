/* routes.h - the tables of routes, one per file of that name */
#ifndef SERVER_API_ROUTES_H
#define SERVER_API_ROUTES_H

#include "server/http/route.h"

extern const struct route_table routes_alerts;
extern const struct route_table routes_attempts;
extern const struct route_table routes_audit;
extern const struct route_table routes_blackouts;
extern const struct route_table routes_channels;
extern const struct route_table routes_claim_imports;
extern const struct route_table routes_claims;
extern const struct route_table routes_commands;
extern const struct route_table routes_contracts;
extern const struct route_table routes_device_ends;
extern const struct route_table routes_devices;
extern const struct route_table routes_doctor;
extern const struct route_table routes_drains;
extern const struct route_table routes_jobs;
extern const struct route_table routes_enrol;
extern const struct route_table routes_filters;
extern const struct route_table routes_fleet;
extern const struct route_table routes_budgets;
extern const struct route_table routes_bundles;
extern const struct route_table routes_transfers;
extern const struct route_table routes_groups;
extern const struct route_table routes_health;
extern const struct route_table routes_imports;
extern const struct route_table routes_invoices;
extern const struct route_table routes_keys;
extern const struct route_table routes_layers;
extern const struct route_table routes_login;
extern const struct route_table routes_media;
extern const struct route_table routes_oidc;
extern const struct route_table routes_operators;
extern const struct route_table routes_packs;
extern const struct route_table routes_privacy;
extern const struct route_table routes_retention;
extern const struct route_table routes_pages;
extern const struct route_table routes_pair;
extern const struct route_table routes_pairings;
extern const struct route_table routes_regions;
extern const struct route_table routes_renew;
extern const struct route_table routes_roles;
extern const struct route_table routes_rollouts;
extern const struct route_table routes_rotation;
extern const struct route_table routes_second_factor;
extern const struct route_table routes_statements;
extern const struct route_table routes_thresholds;
extern const struct route_table routes_usage;
extern const struct route_table routes_vendors;
extern const struct route_table routes_views;
extern const struct route_table routes_whatif;
extern const struct route_table routes_why;

/* The end of each of those files. */
#define ROUTES_TABLE(name, rows)                                                                   \
    const struct route_table name = {rows, sizeof(rows) / sizeof *(rows)}

#endif
