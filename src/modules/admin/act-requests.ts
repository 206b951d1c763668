/** Bodies of the acts that need one, and what they mean. Pure. */
import { IsInt, IsISO8601, IsNotEmpty, IsString, Matches, Max, Min, ValidateIf } from 'class-validator';
import { GatewayError } from '../proxy/gateway-error.js';

const DAY_SEC = 86_400;
/** Beyond a month it is a mistake, or a machine that nobody thinks of any more. */
const KEEP_AWAKE_MAX_SEC = 31 * DAY_SEC;

const UNTIL = { message: 'until must be a time with its zone, such as 2026-11-25T08:00:00Z, or null' };
const SECONDS = { message: `seconds must be a whole number from 1 to ${KEEP_AWAKE_MAX_SEC} (31 days)` };
const LAUNCH_ID = { message: 'launch_id must be that of the machine: `launch_id` in GET /admin/state' };

/** `POST /admin/keep-awake`: one of the two; `until: null` takes it back. */
export class KeepAwakeRequest {
  @ValidateIf((_body, value) => value !== undefined && value !== null)
  @Matches(/(Z|[+-]\d\d:\d\d)$/, UNTIL)
  @IsISO8601({ strict: true, strictSeparator: true }, UNTIL)
  until?: string | null;

  @ValidateIf((_body, value) => value !== undefined)
  @IsInt(SECONDS)
  @Min(1, SECONDS)
  @Max(KEEP_AWAKE_MAX_SEC, SECONDS)
  seconds?: number;
}

/** `POST /admin/destroy`: the launch id says that the right machine is meant. */
export class DestroyRequest {
  @IsString(LAUNCH_ID)
  @IsNotEmpty(LAUNCH_ID)
  launch_id!: string;
}

/**
 * The time until which the machine is to stay awake; null = no longer.
 * @throws GatewayError `bad_request` when the request says nothing, two things, or a time that is past or too far off
 */
export function keepAwakeUntilMs({ until, seconds }: KeepAwakeRequest, nowMs: number): number | null {
  if ((until === undefined) === (seconds === undefined)) {
    throw new GatewayError('bad_request', 'Send either until or seconds.');
  }
  if (until === null) return null;
  const untilMs = until === undefined ? nowMs + (seconds ?? 0) * 1000 : Date.parse(until);
  if (untilMs <= nowMs) throw new GatewayError('bad_request', 'until must be in the future');
  if (untilMs > nowMs + KEEP_AWAKE_MAX_SEC * 1000) {
    throw new GatewayError('bad_request', 'until must be at most 31 days ahead');
  }
  return untilMs;
}
