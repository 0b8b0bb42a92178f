/** How one operation of ARI becomes a `RESTRequest` on the socket: pure, driven by the generated table. */

/** Where the parameters of an operation go; see https://docs.asterisk.org for the resource of the same name. */
export interface OperationDefinition {
  method: string;
  /** Without the leading slash; `{name}` stands for a parameter. */
  path: string;
  query?: readonly string[];
  /** The parameter that is one member of the JSON body, under its own name. */
  bodyMember?: string;
  /** The parameter that is the whole JSON body. */
  body?: string;
}

export type OperationTable = Record<string, Record<string, OperationDefinition>>;

export type OperationParameters = Record<string, unknown>;

/** A `RESTRequest` without its ids. */
export interface RequestContent {
  method: string;
  uri: string;
  query_strings?: { name: string; value: string }[];
  content_type?: 'application/json';
  message_body?: string;
}

/**
 * Places each parameter where Asterisk expects it. Parts of the path are percent-encoded, lists are joined by commas
 * (so an item cannot contain one), and parameters that are absent or undefined are left out.
 */
export function requestContent(definition: OperationDefinition, parameters: OperationParameters): RequestContent {
  const content: RequestContent = {
    method: definition.method,
    uri: definition.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(parameters[name]))),
  };
  const given = (definition.query ?? []).filter((name) => parameters[name] !== undefined);
  if (given.length > 0) content.query_strings = given.map((name) => ({ name, value: queryValue(parameters[name]) }));
  const body = bodyOf(definition, parameters);
  if (body === undefined) return content;
  return { ...content, content_type: 'application/json', message_body: JSON.stringify(body) };
}

function queryValue(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

function bodyOf(definition: OperationDefinition, parameters: OperationParameters): unknown {
  if (definition.body) return parameters[definition.body];
  const member = definition.bodyMember;
  if (!member || parameters[member] === undefined) return undefined;
  return { [member]: parameters[member] };
}

/**
 * Makes `{ channels: { hangup(parameters) … } … }` of the table; every call ends in `invoke` with the operation's
 * name (`channels.hangup`) and its request.
 */
export function bindOperations<T>(
  table: OperationTable,
  invoke: (operation: string, content: RequestContent) => Promise<unknown>,
): T {
  const groups = Object.entries(table).map(([group, operations]) => {
    const bound = Object.entries(operations).map(([name, definition]) => [
      name,
      (parameters: OperationParameters = {}) => invoke(`${group}.${name}`, requestContent(definition, parameters)),
    ]);
    return [group, Object.fromEntries(bound)];
  });
  return Object.fromEntries(groups) as T;
}
