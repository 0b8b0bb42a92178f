export { type AgentState, type Agents, createAgents } from './agents.ts';
export { provisionAgent, provisionAgents, provisionNumbers, withdrawFormerAgents } from './provisioning.ts';
export { createRegistrations, type Registrations } from './registrations.ts';
export { mountAgents, sipPhoneOperation } from './routes.ts';
export { createSecrets, type Secrets } from './secrets.ts';
export { mountSoftphoneAdmission, softphoneLogCodes } from './softphone-admission.ts';
export { agentKeyedColumns, agentMigrations, createAgentStore } from './store.ts';
