/** A conversation as the works about turns play it. */

/** Plays the user's words and resolves with the agent's when all is at rest again. */
export type PlayTurn = (userInput: string) => Promise<string>;

/** A new one, with the tool of all works, whose body answers at once, and a model that calls it once a turn. */
export type StartConversation = () => Promise<PlayTurn>;
