import { ChannelError } from '@civicline/protocol/channel';
import { StorageError } from '../../../platform/storage/index.ts';

/**
 * Runs a channel's own write, and says in the contract's words why it failed: SMIS knows nothing of a channel's
 * database. Rejects with a {@link ChannelError} for what the database refuses, or cannot take now.
 */
export async function storing<Result>(write: Promise<Result>): Promise<Result> {
  try {
    return await write;
  } catch (error) {
    throw error instanceof StorageError ? inContractTerms(error) : error;
  }
}

function inContractTerms(error: StorageError): ChannelError {
  return error.code === 'STORAGE_REFUSED'
    ? new ChannelError('ATTEMPT_REFUSED', 'the channel cannot store it', { cause: error })
    : new ChannelError('CHANNEL_UNAVAILABLE', 'the channel cannot store anything now', { cause: error });
}
