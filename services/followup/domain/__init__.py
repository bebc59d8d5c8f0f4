"""The work that follows a discharge: one task a deadline, from planned to done, overdue or called off. Pure."""
