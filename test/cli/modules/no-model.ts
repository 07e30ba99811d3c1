import { Agent } from 'meanwhile';

export default new Agent({ instructions: 'You have nothing to think with.' });
