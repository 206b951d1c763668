/**
 * Tells a machine that is not there (yet) from one that is there and will not speak with us, or is not the one meant. Only
 * the second is a reason to replace it.
 */

/** Of OpenSSL's verification (X509_V_ERR_*, as Node names them) and of TLS alerts; plain network errors are not among them. */
const REFUSAL =
  /^(ERR_LINK_PIN|ERR_TLS_CERT_ALTNAME_INVALID|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_|INVALID_(CA|PURPOSE)|ERR_SSL_|EPROTO$)/;

/** Whether this connection failed because of keys and certificates, on whichever side. */
export function isLinkRefusal(error: unknown): boolean {
  for (let at = error as { code?: unknown; cause?: unknown } | undefined; at; at = at.cause as typeof at) {
    if (typeof at.code === 'string' && REFUSAL.test(at.code)) return true;
  }
  return false;
}
