export { type AgentEvent, type AgentLine, type AgentLineOptions, startAgentLine, startPhone } from './agent-line.ts';
export { type CallStatus, followCallRequest } from './call-status.ts';
export { prepareCitizen, type ReadyCitizen } from './citizen.ts';
export {
  AGENT_TONE,
  CITIZEN_TONE,
  type CitizenCall,
  type CitizenEvent,
  type CitizenPlan,
  type CitizenWorld,
  type Ending,
  MOMENTS,
  type Moment,
} from './citizen-plan.ts';
export { type ConsoleClient, ConsoleError, openConsole } from './console-client.ts';
export { createCallRequest, fetchPurpose } from './gateway-api.ts';
export { signIn } from './sign-in.ts';
export { createWallets, type Wallets, type WalletsOptions } from './wallets.ts';
