/** The calls role: engine, consoles, citizens' requests, other exchanges, signing in. */
import { createEventStreams, Gauge } from '../../platform/http/index.ts';
import { allowExposures, type Role, type RoleContext, type RoleDefinition } from '../../platform/run/index.ts';
import { createIrmaClient, type IrmaClient } from '../directory/irma/index.ts';
import { createOrganisations, demoAttributes, readOrganisationsFile } from '../directory/organisations/index.ts';
import { createSignIn, signInLogCodes, signInOperations } from '../directory/sign-in/index.ts';
import { agentKeyedColumns } from './agents/index.ts';
import { callLogCodes, callOperations, createCalls } from './calls.ts';
import { callKeyedColumns } from './engine/index.ts';
import { createExchange, exchangeOperations } from './exchange/index.ts';
import { createCallRequests, requestKeyedColumns, requestLogCodes, requestOperations } from './requests/index.ts';
import { type CallsSettings, callsSettingsSchema } from './settings.ts';

/** `irma`: a stand-in for the IRMA server, for tests. */
export function defineCalls(irma?: IrmaClient): RoleDefinition<CallsSettings> {
  return {
    name: 'calls',
    settings: callsSettingsSchema,
    seals: true,
    keyedColumns: [...agentKeyedColumns, ...callKeyedColumns, ...requestKeyedColumns],
    create: (settings, context) => createRole(settings, context, irma ?? createIrmaClient(settings.irma)),
  };
}

async function createRole(config: CallsSettings, context: RoleContext, irma: IrmaClient): Promise<Role> {
  const { metrics, log, now } = context;
  const file = readOrganisationsFile(config.organisationsFile);
  allowExposures(demoAttributes(file, config.publicUrl), config.allowInsecure, log);
  const organisations = createOrganisations(file);
  const database = await context.open();
  const common = { config, database, sealer: context.sealer(), organisations, metrics, log, now };
  const streams = createEventStreams();
  const signIn = await createSignIn(common);
  const requests = await createCallRequests({ ...common, irma, streams });
  const calls = await createCalls({ ...common, identification: requests.identification, signIn });
  const exchange = await createExchange({ ...common, calls: calls.exchangeCalls });
  let stopUpkeep = async () => {};

  new Gauge({
    name: 'civicline_status_streams',
    help: 'Pages that follow a call request.',
    registers: [metrics],
    collect() {
      this.set(streams.size());
    },
  });

  return {
    operations: [...requestOperations, ...exchangeOperations, ...callOperations, ...signInOperations],
    logCodes: { ...requestLogCodes, ...callLogCodes, ...signInLogCodes },
    // Without Asterisk, citizens still get codes and consoles their calls.
    readiness: [{ name: 'telephony', vital: false, check: calls.telephonyAvailable }],
    mount(http) {
      for (const part of [signIn, requests, exchange, calls]) part.mount(http);
    },
    async start() {
      stopUpkeep = requests.upkeep.start();
      await calls.start();
    },
    attach: calls.attach,
    async detach() {
      streams.close();
      await calls.detach();
    },
    async stop() {
      await calls.stop();
      await stopUpkeep();
      signIn.close();
      exchange.close();
    },
  };
}
