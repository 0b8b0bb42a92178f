/** The objects through which an agent's phone or browser registers, as ARI's dynamic configuration takes them. */

export interface AgentEndpoint {
  agentId: string;
  /** `phone`: a SIP phone over UDP. `browser`: the softphone in the page, over Asterisk's WebSocket. */
  kind: 'phone' | 'browser';
  /** What the phone or page authenticates with; its user name is the endpoint's id. */
  password: string;
}

/** One `PUT /asterisk/config/dynamic/res_pjsip/{type}/{id}`. */
export interface PjsipObject {
  type: 'auth' | 'aor' | 'endpoint';
  id: string;
  fields: { attribute: string; value: string }[];
}

/** `phone-<agentId>` or `browser-<agentId>`: id of the endpoint, its auth and its aor, and the SIP user name. */
export function agentEndpointId(agentId: string, kind: AgentEndpoint['kind']): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(agentId)) throw new Error('ASTERISK_AGENT_ID_INVALID');
  return `${kind}-${agentId}`;
}

/**
 * The PJSIP objects of one agent's phone or browser, in the order in which they must be created. Creating them again
 * replaces them. Throws `ASTERISK_AGENT_ID_INVALID`.
 */
export function agentEndpoint({ agentId, kind, password }: AgentEndpoint): PjsipObject[] {
  const id = agentEndpointId(agentId, kind);
  return [
    object('auth', id, { auth_type: 'digest', username: id, password }),
    object('aor', id, {
      max_contacts: '1',
      remove_existing: 'yes',
      minimum_expiration: '30',
      default_expiration: '120',
      // A browser's password ends with the sign-in, and soon after it what was registered with it.
      maximum_expiration: kind === 'browser' ? '120' : '600',
      // A phone that has gone is known as unreachable before a call rings it in vain, and within seconds in a call: the
      // gateway takes the call from it when two questions in a row were not answered.
      qualify_frequency: '4',
      qualify_timeout: '3.0',
    }),
    object('endpoint', id, { ...COMMON, ...OF_KIND[kind], auth: id, aors: id }),
  ];
}

const COMMON = {
  context: 'civicline-no-dialling',
  identify_by: 'username',
  disallow: 'all',
  allow: 'alaw,ulaw',
  dtmf_mode: 'rfc4733',
  direct_media: 'no',
  rewrite_contact: 'yes',
  rtp_symmetric: 'yes',
  force_rport: 'yes',
  allow_transfer: 'no',
  allow_subscribe: 'no',
  allow_overlap: 'no',
  max_video_streams: '0',
  rtp_timeout_hold: '3600',
};

const OF_KIND = {
  phone: { transport: 'transport-udp', rtp_timeout: '60' },
  browser: {
    transport: 'transport-ws',
    webrtc: 'yes',
    rtp_timeout: '30',
    // Else Asterisk gives this machine's own name, and JsSIP drops what comes from a name that is none in SIP: one that
    // begins with a digit, as that of many a container, or has an underscore. Nobody looks this one up.
    from_domain: 'asterisk.invalid',
  },
} as const;

function object(type: PjsipObject['type'], id: string, values: Record<string, string>): PjsipObject {
  return { type, id, fields: Object.entries(values).map(([attribute, value]) => ({ attribute, value })) };
}
