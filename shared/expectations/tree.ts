/** An expectation's text as a tree: what those of scenarios and of walks have in common. */
import jsep from 'jsep';

// Names have hyphens in them, so a minus has blanks around it.
jsep.addIdentifierChar('-');
jsep.addBinaryOp('and', 2);
jsep.addBinaryOp('or', 1);
jsep.addUnaryOp('not');

/** The longest that is shipped has a sixth of it; brackets and signs nest as deep as there are characters. */
const mostCharacters = 1000;

/** The text is no expectation; the sentence has no full stop. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  /** From 1, where it stops making sense. */
  readonly column: number | undefined;
  constructor(sentence: string, column?: number) {
    super(sentence);
    this.column = column;
  }
}

/** Throws ExpressionError. Nothing is ever handed to eval. */
export function treeOf(text: string): jsep.Expression {
  if (text.length > mostCharacters) {
    throw new ExpressionError(
      `An expectation has at most ${mostCharacters} characters, and this one has ${text.length}`,
    );
  }
  try {
    return jsep(text);
  } catch (error) {
    const { message, index } = error as { message: string; index?: number };
    const what = message.replace(/ at character \d+$/, '');
    throw new ExpressionError(`"${text}" cannot be read: ${what}`, index === undefined ? undefined : index + 1);
  }
}
