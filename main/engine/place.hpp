// What a place is asked before and while engines run there: what machine it is, what its clock says, and whether it
// reaches an address.
#pragma once

namespace fdscope {

// A line of JSON that says who this is, and then one for each line on stdin: `clock`, or `reach HOST:PORT MS`.
// Ends with stdin, with its parent, and after half a minute without a question.
int place_command();

}  // namespace fdscope
