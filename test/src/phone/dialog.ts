/**
 * SIP dialogs (RFC 3261 §12): what both ends remember of a call, and the requests inside it. Pure.
 */
import {
  type Header,
  header,
  headerList,
  parseCSeq,
  parseNameAddress,
  parseSipUri,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from './sip-message.ts';
import type { Peer } from './transaction.ts';

export interface Dialog {
  callId: string;
  /** From and To of our requests, with their tags. */
  local: string;
  remote: string;
  /** Where requests of this dialog go. */
  remoteTarget: string;
  /** Proxies that want to stay in the path, in the order in which our requests pass them. */
  routes: string[];
  localSequence: number;
}

/** The dialog of an INVITE that we sent, from its 2xx or from a 1xx with a tag. */
export function dialogOfCaller(invite: SipRequest, response: SipResponse): Dialog {
  return {
    callId: header(invite, 'Call-ID') ?? '',
    local: header(invite, 'From') ?? '',
    remote: header(response, 'To') ?? '',
    remoteTarget: contactOf(response) ?? invite.uri,
    routes: headerList(response, 'Record-Route').reverse(),
    localSequence: parseCSeq(invite).sequence,
  };
}

/** The dialog of an INVITE that we received and answer with that tag. */
export function dialogOfCallee(invite: SipRequest, localTag: string): Dialog {
  const from = header(invite, 'From') ?? '';
  return {
    callId: header(invite, 'Call-ID') ?? '',
    local: `${header(invite, 'To') ?? ''};tag=${localTag}`,
    remote: from,
    remoteTarget: contactOf(invite) ?? parseNameAddress(from).uri,
    routes: headerList(invite, 'Record-Route'),
    localSequence: 0,
  };
}

/** After a re-INVITE or its answer the peer may want to be reached elsewhere. */
export function withRemoteTarget(dialog: Dialog, message: SipMessage): Dialog {
  return { ...dialog, remoteTarget: contactOf(message) ?? dialog.remoteTarget };
}

/** The next request of a dialog; `headers` must hold its Via. An ACK keeps the number of the INVITE that it ends. */
export function requestInDialog(
  dialog: Dialog,
  method: string,
  headers: Header[],
  body = '',
): { dialog: Dialog; request: SipRequest } {
  const localSequence = method === 'ACK' ? dialog.localSequence : dialog.localSequence + 1;
  const request: SipRequest = {
    kind: 'request',
    method,
    uri: dialog.remoteTarget,
    headers: [
      ...headers,
      ...dialog.routes.map((value) => ({ name: 'Route', value })),
      { name: 'Max-Forwards', value: '70' },
      { name: 'From', value: dialog.local },
      { name: 'To', value: dialog.remote },
      { name: 'Call-ID', value: dialog.callId },
      { name: 'CSeq', value: `${localSequence} ${method}` },
    ],
    body,
  };
  return { dialog: { ...dialog, localSequence }, request };
}

/** The address a request of this dialog is sent to: its first proxy, or the peer; undefined when that is a name. */
export function nextHop(dialog: Dialog): Peer | undefined {
  const [route] = dialog.routes;
  const { host, port = 5060 } = parseSipUri(route === undefined ? dialog.remoteTarget : parseNameAddress(route).uri);
  return /^[\d.]+$/.test(host) ? { address: host, port } : undefined;
}

function contactOf(message: SipMessage): string | undefined {
  const [contact] = headerList(message, 'Contact');
  return contact === undefined ? undefined : parseNameAddress(contact).uri;
}
