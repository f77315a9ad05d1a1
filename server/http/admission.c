#include "server/http/admission.h"

static void refuse_site(const struct request *request, struct reply *reply)
{
    if (request_differs_in_scheme(request))
        reply_problem(reply, 403,
                      "this page came by another scheme than its request: behind a proxy that ends "
                      "TLS, name the proxy in trusted_proxies and have it send X-Forwarded-Proto");
    else
        reply_problem(reply, 403, "this request comes from a page of another site");
}

static void refuse_role(const struct request *request, struct reply *reply)
{
    const char *needed = route_role_name(request->route->role);

    if (request->actor.has_scope)
        reply_problem(reply, 403,
                      "this needs the role %s; you are %s, of which your API key's scope leaves "
                      "less here",
                      needed, request->actor.role_name);
    else
        reply_problem(reply, 403, "this needs the role %s; you are %s", needed,
                      request->actor.role_name);
}

bool admission_check(const struct http_options *options, struct request *request,
                     struct reply *reply)
{
    const struct http_hooks *hooks = options->hooks;
    enum route_role role = request->route->role;
    enum status status = STATUS_OK;

    if (request_is_write(request) && !request_same_origin(request)) {
        refuse_site(request, reply);
        return false;
    }
    request->actor = (struct request_actor){0}; /* who was recognised may not be so any more */
    if (hooks != NULL)
        status = hooks->authenticate(options->context, request);
    if (status != STATUS_OK) {
        reply_status(reply, status, "the session");
        return false;
    }
    if (role != ROUTE_ANYONE && request->actor.name[0] == '\0') {
        reply_header(reply, "WWW-Authenticate", "Bearer realm=\"myna\"");
        reply_problem(reply, 401, "log in first, or send an API key");
        return false;
    }
    if (request->actor.role < role) {
        refuse_role(request, reply);
        return false;
    }
    return role == ROUTE_ANYONE || hooks == NULL || hooks->admit == NULL ||
           hooks->admit(options->context, request, reply);
}
