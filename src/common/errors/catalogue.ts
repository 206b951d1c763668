/**
 * The catalogue of every fault a user can meet: one row per stable code. Answers (`proxy`), failures of the
 * lifecycle (`provisioning/domain`) and docs/errors.md (generated) all come from this table.
 *
 * `provisioning` is the promise of the wire contract: true exactly when waiting helps without a person doing anything.
 * The texts avoid words that mislead clients (" refused", "could not connect", "overloaded", "upstream error").
 */
export interface ErrorEntry {
  /** HTTP status of the gateway's own answer. */
  status: 400 | 401 | 403 | 404 | 408 | 409 | 429 | 431 | 500 | 502 | 503;
  /** Whether waiting helps without a person doing anything; also: the gateway tries again by itself. */
  provisioning: boolean;
  /** What happened, as the client reads it where the cause brings no text of its own. */
  message: string;
  /** What to do, for docs/errors.md. */
  remedy: string;
}

const entries = {
  provisioning: {
    status: 503,
    provisioning: true,
    message: 'Remote Ollama instance is being provisioned. Please retry in a few moments.',
    remedy: 'Retry after `Retry-After` seconds; the machine is on its way.',
  },
  asleep: {
    status: 503,
    provisioning: false,
    message: 'The machine is asleep and this request does not wake it. Send an inference request (POST) first.',
    remedy: 'GET and HEAD never start a machine. Send a POST to an inference route, then ask again.',
  },
  state_unavailable: {
    status: 503,
    provisioning: true,
    message: 'The gateway cannot write its state, so it starts no machine.',
    remedy: 'Make GATEWAY_STATE_DIR writable and free some disk space; the gateway goes on by itself.',
  },
  capacity: {
    status: 503,
    provisioning: true,
    message: 'Exoscale has no free machine of this type right now. The gateway keeps trying.',
    remedy: 'Wait, or choose another EXOSCALE_INSTANCE_TYPE or EXOSCALE_ZONE.',
  },
  cloud_unavailable: {
    status: 503,
    provisioning: true,
    message: 'The Exoscale API does not answer as it should. The gateway keeps trying.',
    remedy: 'Wait; see the Exoscale status page if it lasts. The last answer is in `/status`.',
  },
  boot_failed: {
    status: 503,
    provisioning: true,
    message: 'The machine did not become reachable in time. The gateway starts it again.',
    remedy:
      'Wait for the next attempt. If it repeats: GATEWAY_LINK_CIDRS must contain the gateway, and see docs/operations.md.',
  },
  link_mismatch: {
    status: 503,
    provisioning: true,
    message: 'The machine was made with other link keys, so the gateway cannot speak to it and replaces it.',
    remedy:
      'Wait for the new machine. To keep machines over a move of the gateway, keep GATEWAY_LINK_SECRET (or the state folder).',
  },
  auth: {
    status: 503,
    provisioning: false,
    message: 'Exoscale did not accept the API key.',
    remedy: 'Check EXOSCALE_API_KEY, EXOSCALE_API_SECRET, the rights of the key and the clock of this host.',
  },
  quota_exceeded: {
    status: 503,
    provisioning: false,
    message: 'The Exoscale quota for this instance type is used up or zero.',
    remedy: 'GPU quotas are 0 until Exoscale support raises them: open a ticket in the portal.',
  },
  invalid_type: {
    status: 503,
    provisioning: false,
    message: 'EXOSCALE_INSTANCE_TYPE names no instance type of this zone.',
    remedy: 'Choose one of the types that the error names.',
  },
  type_not_authorized: {
    status: 503,
    provisioning: false,
    message: 'The organization is not authorized for this instance type.',
    remedy: 'Ask Exoscale support to enable the type, or choose another one.',
  },
  invalid_template: {
    status: 503,
    provisioning: false,
    message: 'EXOSCALE_TEMPLATE names no template of this zone.',
    remedy: 'Use the exact name of a public or own template in this zone.',
  },
  invalid_zone: {
    status: 503,
    provisioning: false,
    message: 'EXOSCALE_ZONE names no Exoscale zone.',
    remedy: 'Choose one of the zones that the error names.',
  },
  cloud_rejected: {
    status: 503,
    provisioning: false,
    message: 'Exoscale rejected the request for a machine.',
    remedy: 'Read the API text in `error`: a setting does not fit the zone, the type or the account.',
  },
  model_missing: {
    status: 503,
    provisioning: false,
    message: 'The model of OLLAMA_MODEL does not exist.',
    remedy: 'Correct OLLAMA_MODEL (`name:tag` as in the Ollama library) and restart the gateway.',
  },
  model_failed: {
    status: 503,
    provisioning: false,
    message: 'Ollama could not load the model.',
    remedy: 'Read the text of Ollama in `error`; most often the GPU memory is too small for the model.',
  },
  disk_too_small: {
    status: 503,
    provisioning: false,
    message: 'The disk of the machine is too small for the model.',
    remedy: 'Raise EXOSCALE_DISK_SIZE; the machine is replaced at the next wake.',
  },
  pool_in_use: {
    status: 503,
    provisioning: false,
    message: 'A machine of this pool belongs to another gateway.',
    remedy:
      'Stop the other gateway or choose another GATEWAY_POOL; set GATEWAY_ADOPT_OWNER to the owner in the error to take the machine over.',
  },
  adopt_ambiguous: {
    status: 503,
    provisioning: false,
    message: 'Several instances have the name of EXOSCALE_ADOPT_NAME, so none is adopted.',
    remedy: 'Rename or delete all but one of them.',
  },
  shutting_down: {
    status: 503,
    provisioning: true,
    message: 'This gateway is leaving. Please retry; another one answers.',
    remedy: 'Retry. The machine keeps running and the next gateway process takes it over.',
  },
  wake_refused: {
    status: 403,
    provisioning: false,
    message: 'Starting the machine is not allowed right now.',
    remedy: 'Wait until the time in the error, or raise GATEWAY_MAX_STARTS_PER_HOUR.',
  },
  held_limit: {
    status: 429,
    provisioning: true,
    message: 'Too many requests are already waiting for the machine.',
    remedy: 'Retry after `Retry-After` seconds.',
  },
  upstream_unreachable: {
    status: 502,
    provisioning: true,
    message: 'The machine stopped answering before the first byte. The gateway checks it now.',
    remedy: 'Retry; the gateway probes the machine and repairs it when needed.',
  },
  unauthorized: {
    status: 401,
    provisioning: false,
    message: 'This gateway needs an API key: send it as `Authorization: Bearer <key>` or `x-api-key: <key>`.',
    remedy: 'Ask the operator for a key; each is a line of GATEWAY_API_KEYS_FILE.',
  },
  management_denied: {
    status: 403,
    provisioning: false,
    message: 'This gateway does not let clients change the models of the machine.',
    remedy:
      'Ask the operator: models come from OLLAMA_MODEL, and GATEWAY_MODEL_MANAGEMENT=deny refuses everything else.',
  },
  not_found: {
    status: 404,
    provisioning: false,
    message: 'There is nothing at this path.',
    remedy: 'Correct the path. What belongs to the link and to operators is not served on this listener.',
  },
  in_use: {
    status: 409,
    provisioning: false,
    message: 'Requests are open on the machine, so it is not taken away from them.',
    remedy: 'Wait until `in_flight` in `/status` is 0, then ask again.',
  },
  wrong_launch: {
    status: 409,
    provisioning: false,
    message: 'This is not the launch id of the machine that exists.',
    remedy: 'Read `launch_id` in `GET /admin/state` and send exactly that.',
  },
  request_timeout: {
    status: 408,
    provisioning: false,
    message: 'The request did not arrive in time.',
    remedy: 'Send the head of a request within 20 seconds and never pause in its body for more than 5 minutes.',
  },
  headers_too_large: {
    status: 431,
    provisioning: false,
    message: 'The head of this request is larger than 32 KiB.',
    remedy: 'Send fewer or shorter headers.',
  },
  bad_request: {
    status: 400,
    provisioning: false,
    message: 'This request cannot be forwarded as HTTP/1.1.',
    remedy: 'Correct the request line or header that the error names.',
  },
  internal: {
    status: 500,
    provisioning: false,
    message: 'The gateway made a mistake. Its log has the details.',
    remedy: 'Please report it with the log line.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof entries;

/** Every code, in the order of docs/errors.md. */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, ErrorEntry>> = entries;
